import { jobId } from '@trainer/model';
import type { JobId } from '@trainer/model';
import type { ObjectStore } from '@trainer/storage';
import type { ClusterState } from '../loop/cluster-state.js';
import type { ClusterStore } from '../store/cluster-store.js';

const PAGE = 500;
/** `{model_id}/{job_id}_{date}...`: the final keys (api.md, minio_path). */
const FINAL_KEY = /^[^/]+\/(train_[0-9a-f]{12})_\d{8}/;

/**
 * Removes final keys without a model's row: a promotion that a lost head began and nobody will end. Jobs that have not
 * ended are left alone. @returns how many were removed.
 */
export async function sweepFinalKeys(objects: ObjectStore, bucket: string, store: ClusterStore, state: ClusterState): Promise<number> {
  let after = '';
  let removed = 0;
  const kept = new Map<JobId, boolean>();
  for (;;) {
    const page = await objects.list(bucket, { prefix: '', after, limit: PAGE });
    const orphans: string[] = [];
    for (const { key } of page) {
      const match = FINAL_KEY.exec(key);
      if (match?.[1] === undefined || key.startsWith('attempts/')) continue;
      const job = jobId(match[1]);
      const isKept = kept.get(job) ?? (state.jobs.seen(job) !== undefined || (await store.model(job)) !== null);
      kept.clear();
      kept.set(job, isKept);
      if (!isKept) orphans.push(key);
    }
    if (orphans.length > 0) await objects.remove(bucket, orphans);
    removed += orphans.length;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return removed;
    after = last.key;
  }
}
