import { createHash } from 'node:crypto';
import { CATALOG, InvalidRequestError, NotFoundError, TRAIN_LIMITS } from '@trainer/model';
import type { Job, JobId, SentTrainRequest } from '@trainer/model';
import type { ObjectStore } from '@trainer/storage';
import { newJob, submittedEvent } from '../jobs/new-job.js';
import { checkSubmission } from '../jobs/submission.js';
import type { ClusterLoop } from '../loop/cluster-loop.js';
import type { ClusterStore } from '../store/cluster-store.js';
import { IdempotencyConflictError, QueueFullError } from './errors.js';

export interface SubmitRules {
  readonly loop: ClusterLoop;
  readonly store: ClusterStore;
  readonly objects: ObjectStore;
  readonly buckets: { readonly data: string; readonly models: string };
  readonly defaults: { readonly epochs: number; readonly patience: number };
  readonly checkpointInterval: number;
  readonly queueLimit: number;
  readonly newJobId: () => JobId;
}

/** Takes jobs in. With an idempotency key a repeated submission is the same job, also while the first is being committed. */
export class Submissions {
  readonly #inFlight = new Map<string, Promise<Job>>();

  constructor(private readonly rules: SubmitRules) {}

  /** @throws InvalidRequestError, NotFoundError (the dataset), IdempotencyConflictError, QueueFullError */
  async submit(sent: SentTrainRequest, key: string | null): Promise<Job> {
    if (key === null) return this.#accept(sent, null);
    const problem = key.length === 0 || key.length > TRAIN_LIMITS.idempotencyKey.chars;
    if (problem)
      throw new InvalidRequestError([
        { path: ['idempotency_key'], message: `give 1 to ${TRAIN_LIMITS.idempotencyKey.chars} characters`, type: 'range' },
      ]);
    // Who repeats the key while its first use runs waits for that one, and is then compared with what was stored.
    await this.#inFlight.get(key)?.catch(() => undefined);
    const bodySha256 = createHash('sha256').update(canonical(sent)).digest('hex');
    const stored = await this.rules.store.key(key);
    if (stored !== null) return this.#repeated(key, stored.job, stored.bodySha256 === bodySha256);
    const running = this.#inFlight.get(key);
    if (running !== undefined) return this.submit(sent, key);
    const accepted = this.#accept(sent, { key, bodySha256 });
    this.#inFlight.set(key, accepted);
    try {
      return await accepted;
    } finally {
      this.#inFlight.delete(key);
    }
  }

  async #repeated(key: string, job: JobId, isSame: boolean): Promise<Job> {
    if (!isSame) throw new IdempotencyConflictError(key, job);
    const record = this.rules.loop.state.jobs.seen(job) ?? (await this.rules.store.job(job));
    if (record === null) throw new NotFoundError('Job', job);
    return record.job;
  }

  async #accept(sent: SentTrainRequest, key: { key: string; bodySha256: string } | null): Promise<Job> {
    const { loop, objects, buckets, defaults, checkpointInterval } = this.rules;
    const checked = checkSubmission(sent, CATALOG, defaults);
    if (checked.kind === 'refused') throw new InvalidRequestError(checked.issues);
    this.#checkQueue();
    const found = await objects.stat(buckets.data, sent.dataId);
    if (found === null) throw new NotFoundError('Dataset', sent.dataId);
    const id = this.rules.newJobId();
    const record = await loop.turn((turn) => {
      this.#checkQueue();
      const dataset = { key: sent.dataId, etag: found.etag, bytes: found.bytes };
      const made = newJob(
        { id, request: checked.request, dataset, dataBucket: buckets.data, modelsBucket: buckets.models, checkpointInterval },
        turn.now,
      );
      turn.addJob(made, [submittedEvent(made)], key === null ? null : { ...key, job: id, createdAt: turn.now });
      return made;
    });
    return record.job;
  }

  #checkQueue(): void {
    if (this.rules.loop.state.waitingJobs.count >= this.rules.queueLimit) throw new QueueFullError(this.rules.queueLimit);
  }
}

/** JSON with sorted keys: the same for every order in which a client wrote its fields. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'bigint') return String(part);
    if (part === null || typeof part !== 'object' || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
