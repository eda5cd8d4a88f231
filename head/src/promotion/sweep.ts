import { jobId } from '@trainer/model';
import type { JobId } from '@trainer/model';
import type { ObjectStore } from '@trainer/storage';
import type { ClusterStore } from '../store/cluster-store.js';

const PAGE = 500;
/** `{model_id}/{job_id}_{date}...`: the final keys (api.md, minio_path). */
const FINAL_KEY = /^[^/]+\/(train_[0-9a-f]{12})_\d{8}/;

/**
 * Removes final keys without a model's row: a promotion that a lost head began and nobody will end. The rows are asked after the keys were
 * listed, so that it is safe whoever leads: a key that another head's promotion wrote is of a job that has not ended, or that has a model.
 * @returns how many were removed. @throws the signal's reason
 */
export async function sweepFinalKeys(objects: ObjectStore, bucket: string, store: ClusterStore, signal: AbortSignal): Promise<number> {
  let after = '';
  let removed = 0;
  for (;;) {
    signal.throwIfAborted();
    const page = await objects.list(bucket, { prefix: '', after, limit: PAGE });
    const files = page.flatMap(({ key }) => {
      const job = key.startsWith('attempts/') ? undefined : FINAL_KEY.exec(key)?.[1];
      return job === undefined ? [] : [{ key, job: jobId(job) }];
    });
    const kept = files.length === 0 ? new Set<JobId>() : await store.jobsWithFiles([...new Set(files.map(({ job }) => job))]);
    const orphans = files.filter(({ job }) => !kept.has(job)).map(({ key }) => key);
    signal.throwIfAborted();
    if (orphans.length > 0) await objects.remove(bucket, orphans);
    removed += orphans.length;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return removed;
    after = last.key;
  }
}
