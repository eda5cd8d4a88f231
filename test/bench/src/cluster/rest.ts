import { createParser } from './server-sent-events.js';
import { prove } from '../measuring/timing.js';

/** What a job's events tell a client that listens, with the times at which it heard, in milliseconds from the submission. */
export interface FollowedJob {
  readonly id: string;
  /** POST /train: asked to answered. */
  readonly postMs: number;
  readonly firstMetricsMs: number;
  readonly completedMs: number;
  /** When each phase was heard of first. */
  readonly phases: Readonly<Record<string, number>>;
  readonly lastMetrics: Readonly<Record<string, unknown>>;
}

/** PUT /data/{dataId}. @returns milliseconds. */
export async function putData(url: string, dataId: string, body: string): Promise<number> {
  const begun = performance.now();
  const answer = await fetch(`${url}/data/${dataId}`, { method: 'PUT', body });
  const text = await answer.text();
  prove(answer.status === 201, `PUT /data answers 201, not ${answer.status} ${text}`);
  return performance.now() - begun;
}

/** Submits a job and listens to its events until it is completed. @throws NotDoneError when it ends in any other way, or without metrics. */
export async function trainAndFollow(
  url: string,
  request: Readonly<Record<string, unknown>>,
  onPhase: (phase: string) => void = () => undefined,
): Promise<FollowedJob> {
  const begun = performance.now();
  const answer = await fetch(`${url}/train`, {
    method: 'POST',
    body: JSON.stringify(request),
    headers: { 'content-type': 'application/json' },
  });
  const job = (await answer.json()) as { job_id: string };
  const postMs = performance.now() - begun;
  prove(answer.status === 200, `POST /train answers 200, not ${answer.status} ${JSON.stringify(job)}`);
  const heard = await follow(`${url}/train/${job.job_id}/events`, begun, onPhase);
  prove(heard.status === 'completed', `job ${job.job_id} completes, and does not end ${heard.status}: ${heard.error}`);
  prove(heard.firstMetricsMs !== null, `job ${job.job_id} has metrics`);
  return {
    id: job.job_id,
    postMs,
    firstMetricsMs: heard.firstMetricsMs,
    completedMs: heard.endMs,
    phases: heard.phases,
    lastMetrics: heard.lastMetrics,
  };
}

interface Heard {
  status: string;
  error: string | null;
  firstMetricsMs: number | null;
  endMs: number;
  phases: Record<string, number>;
  lastMetrics: Record<string, unknown>;
}

async function follow(url: string, begun: number, onPhase: (phase: string) => void): Promise<Heard> {
  const heard: Heard = { status: 'unknown', error: null, firstMetricsMs: null, endMs: 0, phases: {}, lastMetrics: {} };
  const answer = await fetch(url, { headers: { accept: 'text/event-stream' } });
  prove(answer.ok && answer.body !== null, `${url} streams, and does not answer ${answer.status}`);
  const parser = createParser(({ event, data }) => {
    const ms = performance.now() - begun;
    const value = JSON.parse(data) as Record<string, unknown>;
    if (event === 'metrics') {
      heard.firstMetricsMs ??= ms;
      heard.lastMetrics = value;
      return;
    }
    heard.status = String(value['status']);
    heard.error = value['error'] as string | null;
    const phase = String(value['phase'] ?? value['status']);
    if (heard.phases[phase] === undefined) onPhase(phase);
    heard.phases[phase] ??= ms;
    heard.endMs = ms;
  });
  for await (const piece of answer.body) parser(piece as Uint8Array);
  return heard;
}

/** Fetches the model's `.pkl`. */
export async function downloadModel(url: string, id: string): Promise<Uint8Array> {
  const answer = await fetch(`${url}/models/${id}/download`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  prove(answer.ok && bytes.length > 0, `the model of ${id} can be downloaded, and does not answer ${answer.status}`);
  return bytes;
}

/** @returns the metrics of a completed job's model */
export async function metricsOf(url: string, id: string): Promise<Readonly<Record<string, unknown>>> {
  const answer = await fetch(`${url}/train/${id}`);
  const { best_metrics: metrics } = (await answer.json()) as { best_metrics: Readonly<Record<string, unknown>> | null };
  prove(metrics !== null, `job ${id} has metrics`);
  return metrics;
}
