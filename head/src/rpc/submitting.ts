import { createHash } from 'node:crypto';
import { CATALOG, InvalidRequestError, NotFoundError, TRAIN_LIMITS } from '@trainer/model';
import type { Issue, Job, JobId, SentTrainRequest, TrainRequest } from '@trainer/model';
import type { ObjectStore } from '@trainer/storage';
import { newJob, submittedEvent } from '../jobs/new-job.js';
import { checkSubmission } from '../jobs/submission.js';
import type { ClusterLoop } from '../loop/cluster-loop.js';
import type { ClusterStore } from '../store/cluster-store.js';
import { IdempotencyConflictError, QueueFullError } from './errors.js';

/** A client mends the first ones, and a hundred requests may all be wrong in all fields. */
const MOST_ISSUES = 100;

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

/** A request as it was sent, and the key under which it may be sent again; null: there is none. */
export interface Asked {
  readonly sent: SentTrainRequest;
  readonly key: string | null;
}

/** What passed every check that needs no other job. */
interface Checked extends Asked {
  readonly request: TrainRequest;
  readonly bodySha256: string;
}

/** Takes jobs in. With an idempotency key a repeated submission is the same job, also while the first is being committed. */
export class Submissions {
  readonly #inFlight = new Map<string, Promise<unknown>>();

  constructor(private readonly rules: SubmitRules) {}

  /** @throws InvalidRequestError, NotFoundError (the dataset), IdempotencyConflictError, QueueFullError */
  async submit(asked: Asked): Promise<Job> {
    const [job] = await this.#submit(checkedAll(this.rules, [asked], () => []));
    if (job === undefined) throw new Error('nothing was asked for');
    return job;
  }

  /**
   * All of them or none, in one transaction; those whose keys were used before are the jobs of then.
   * @throws as `submit`; an InvalidRequestError names each wrong field by its place, `jobs.3.epochs`
   */
  submitAll(asked: readonly Asked[]): Promise<readonly Job[]> {
    return this.#submit(checkedAll(this.rules, asked, (at) => ['jobs', at]));
  }

  async #submit(all: readonly Checked[]): Promise<readonly Job[]> {
    const keys = all.flatMap(({ key }) => (key === null ? [] : [key]));
    const running = (): Promise<unknown>[] => keys.flatMap((key) => this.#inFlight.get(key) ?? []);
    // Who repeats a key while its first use runs waits for that one, and is then compared with what was stored.
    for (let others = running(); others.length > 0; others = running()) await Promise.allSettled(others);
    const taken = this.#take(all);
    for (const key of keys) this.#inFlight.set(key, taken);
    try {
      return await taken;
    } finally {
      for (const key of keys) this.#inFlight.delete(key);
    }
  }

  async #take(all: readonly Checked[]): Promise<readonly Job[]> {
    const before = await Promise.all(all.map((one) => this.#before(one)));
    const jobs = [...(await this.#accept(all.filter((_, at) => before[at] === null)))];
    return before.flatMap((job) => job ?? jobs.shift() ?? []);
  }

  /** The job that its key stands for already. */
  async #before({ key, bodySha256 }: Checked): Promise<Job | null> {
    const stored = key === null ? null : await this.rules.store.key(key);
    if (key === null || stored === null) return null;
    if (stored.bodySha256 !== bodySha256) throw new IdempotencyConflictError(key, stored.job);
    const record = this.rules.loop.state.jobs.seen(stored.job) ?? (await this.rules.store.job(stored.job));
    if (record === null) throw new NotFoundError('Job', stored.job);
    return record.job;
  }

  async #accept(all: readonly Checked[]): Promise<readonly Job[]> {
    if (all.length === 0) return [];
    const { loop, buckets, checkpointInterval } = this.rules;
    this.#checkQueue(all.length);
    const datasets = await this.#datasets(new Set(all.map(({ sent }) => sent.dataId)));
    return loop.turn((turn) => {
      this.#checkQueue(all.length);
      return all.map(({ sent, request, key, bodySha256 }) => {
        const id = this.rules.newJobId();
        const dataset = datasets.get(sent.dataId);
        if (dataset === undefined) throw new NotFoundError('Dataset', sent.dataId);
        const made = newJob({ id, request, dataset, dataBucket: buckets.data, modelsBucket: buckets.models, checkpointInterval }, turn.now);
        turn.addJob(made, [submittedEvent(made)], key === null ? null : { key, bodySha256, job: id, createdAt: turn.now });
        return made.job;
      });
    });
  }

  /** @throws NotFoundError */
  async #datasets(ids: ReadonlySet<string>): Promise<ReadonlyMap<string, { key: string; etag: string; bytes: number }>> {
    const { objects, buckets } = this.rules;
    const found = await Promise.all(
      [...ids].map(async (key) => {
        const info = await objects.stat(buckets.data, key);
        if (info === null) throw new NotFoundError('Dataset', key);
        return [key, { key, etag: info.etag, bytes: info.bytes }] as const;
      }),
    );
    return new Map(found);
  }

  #checkQueue(more: number): void {
    const { loop, queueLimit } = this.rules;
    if (loop.state.waitingJobs.count + more > queueLimit) throw new QueueFullError(queueLimit);
  }
}

/** @param placeOf where the fields of one stand. @throws InvalidRequestError with all that is wrong with any of them */
function checkedAll({ defaults }: SubmitRules, all: readonly Asked[], placeOf: (at: number) => Issue['path']): readonly Checked[] {
  const issues: Issue[] = [];
  const keys = new Set<string>();
  const checked = all.flatMap(({ sent, key }, at): readonly Checked[] => {
    const found = checkSubmission(sent, CATALOG, defaults);
    const wrong = found.kind === 'refused' ? [...found.issues] : [];
    const keyProblem = key === null ? null : problemOfKey(key, keys);
    if (keyProblem !== null) wrong.push({ path: ['idempotency_key'], message: keyProblem, type: 'range' });
    issues.push(...wrong.map((issue) => ({ ...issue, path: [...placeOf(at), ...issue.path] })));
    if (found.kind === 'refused') return [];
    return [{ sent, key, request: found.request, bodySha256: createHash('sha256').update(canonical(sent)).digest('hex') }];
  });
  if (issues.length > 0) throw new InvalidRequestError(issues.slice(0, MOST_ISSUES));
  return checked;
}

/** @param used by those before it, to which it is added */
function problemOfKey(key: string, used: Set<string>): string | null {
  if (key.length === 0 || key.length > TRAIN_LIMITS.idempotencyKey.chars)
    return `give 1 to ${TRAIN_LIMITS.idempotencyKey.chars} characters`;
  if (used.has(key)) return `'${key}' stands for another job of this request already`;
  used.add(key);
  return null;
}

/** JSON with sorted keys: the same for every order in which a client wrote its fields. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'bigint') return String(part);
    if (part === null || typeof part !== 'object' || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
