import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { TestCluster } from './harness/index.js';

/** A job of a few seconds on a busy machine, and those that wait before it. */
const ENDS_WITHIN_MS = 90_000;
const FINAL = new Set(['completed', 'failed', 'cancelled']);

/** Fisher's iris as the launcher bundles it. */
export const IRIS = await readFile(fileURLToPath(new URL('../../deploy/sample/iris.csv', import.meta.url)));

/** A job as REST shows it; what the tests look at. */
export interface RestJob {
  readonly job_id: string;
  readonly status: string;
  readonly phase: string;
  readonly attempt: number;
  readonly current_epoch: number;
  readonly total_epochs: number;
  readonly progress_percentage: number;
  readonly pending_reason: string | null;
  readonly error_message: string | null;
  readonly error: string | null;
  readonly warnings: readonly string[];
  readonly best_metrics: Readonly<Record<string, number | null>>;
  readonly training_metrics: Readonly<Record<string, number | null>>;
  readonly final_model_path: string | null;
  readonly artifacts: { readonly model_path: string | null };
  readonly pipeline_id: string | null;
  readonly hyperparameters: Readonly<Record<string, unknown>>;
}

export interface RestModel {
  readonly job_id: string;
  readonly classes: readonly (string | number)[] | null;
  readonly metrics: Readonly<Record<string, number | null>>;
  readonly checksum: string;
  readonly selected_on_validation: boolean;
  readonly files: readonly { readonly format: string; readonly path: string; readonly sha256: string; readonly bytes: number }[];
}

export interface RestEvent {
  readonly id: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Answer<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

/** An error as every route answers it. */
export interface Problem {
  readonly detail: string | readonly { readonly loc: readonly (string | number)[]; readonly msg: string; readonly type: string }[];
}

export type TrainBody = Readonly<Record<string, unknown>>;

/** A request that trains on iris; fields given replace its own. */
export function irisRequest(fields: TrainBody = {}): TrainBody {
  return {
    model_id: 'xgboost_classifier',
    data_id: 'iris.csv',
    task_type: 'classification',
    target_column: 'species',
    epochs: 10,
    ...fields,
  };
}

/** `rows` lines under a header. */
export function csv(header: string, rows: number, line: (row: number) => string): string {
  return `${header}\n${Array.from({ length: rows }, (_, row) => `${line(row)}\n`).join('')}`;
}

/** REST of a cluster, as a client has it. */
export class RestService {
  readonly url: string;

  constructor(private readonly cluster: Pick<TestCluster, 'restUrl' | 'until'>) {
    if (cluster.restUrl === null) throw new Error('The cluster runs without a gateway.');
    this.url = cluster.restUrl;
  }

  async call<T>(path: string, init: RequestInit = {}): Promise<Answer<T>> {
    const answer = await fetch(`${this.url}${path}`, init);
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as T };
  }

  put(dataId: string, body: string | Uint8Array): Promise<Answer<{ data_id: string; size: number; etag: string } & Problem>> {
    return this.call(`/data/${dataId.split('/').map(encodeURIComponent).join('/')}`, {
      method: 'PUT',
      body: body as NonNullable<RequestInit['body']>,
    });
  }

  post(body: TrainBody, headers: Readonly<Record<string, string>> = {}): Promise<Answer<RestJob & Problem>> {
    return this.call('/train', { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
  }

  batch(jobs: readonly TrainBody[], headers: Readonly<Record<string, string>> = {}): Promise<Answer<{ jobs: RestJob[] } & Problem>> {
    const body = JSON.stringify({ jobs });
    return this.call('/train/batch', { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
  }

  cancel(id: string): Promise<Answer<{ message: string } & Problem>> {
    return this.call(`/train/${id}`, { method: 'DELETE' });
  }

  deleteModel(id: string): Promise<Answer<{ message: string } & Problem>> {
    return this.call(`/models/${id}`, { method: 'DELETE' });
  }

  /** @throws when the request is refused. */
  async submit(body: TrainBody): Promise<string> {
    const { status, body: job } = await this.post(body);
    if (status !== 200) throw new Error(`POST /train answered ${status}: ${JSON.stringify(job.detail)}`);
    return job.job_id;
  }

  async job(id: string): Promise<RestJob> {
    return (await this.call<RestJob>(`/train/${id}`)).body;
  }

  async model(id: string): Promise<RestModel> {
    return (await this.call<RestModel>(`/models/${id}`)).body;
  }

  /** Waits until the job is final. */
  ended(id: string): Promise<RestJob> {
    return this.jobWhen(id, 'has ended', (job) => FINAL.has(job.status));
  }

  /** Submits, and waits until the job is final. */
  async trained(body: TrainBody): Promise<RestJob> {
    return this.ended(await this.submit(body));
  }

  jobWhen(id: string, what: string, condition: (job: RestJob) => boolean): Promise<RestJob> {
    const look = async (): Promise<RestJob | null> => {
      const job = await this.job(id);
      return condition(job) ? job : null;
    };
    return this.cluster.until(`job ${id} ${what}`, look, ENDS_WITHIN_MS);
  }

  /** A job's events as they come, from `after` on; ends with the job. */
  async *events(id: string, after?: number): AsyncGenerator<RestEvent> {
    const answer = await fetch(
      `${this.url}/train/${id}/events`,
      after === undefined ? {} : { headers: { 'last-event-id': String(after) } },
    );
    let text = '';
    for await (const piece of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const frames = `${text}${piece}`.split('\n\n');
      text = frames.pop() ?? '';
      for (const frame of frames) if (frame.startsWith('id: ')) yield eventOf(frame);
    }
  }

  async allEvents(id: string, after?: number): Promise<RestEvent[]> {
    const events: RestEvent[] = [];
    for await (const event of this.events(id, after)) events.push(event);
    return events;
  }

  /** The bytes of a model's file. */
  async download(id: string, format: string): Promise<Buffer> {
    const answer = await fetch(`${this.url}/models/${id}/download?format=${format}`);
    if (!answer.ok) throw new Error(`The download answered ${answer.status}`);
    return Buffer.from(await answer.arrayBuffer());
  }
}

function eventOf(frame: string): RestEvent {
  const field = (name: string): string =>
    frame
      .split('\n')
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2) ?? '';
  return { id: Number(field('id')), type: field('event'), data: JSON.parse(field('data')) as Record<string, unknown> };
}
