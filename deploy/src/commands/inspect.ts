import type { Job, Model, NodeView } from '@trainer/model';
import { describeCause } from '@trainer/model';
import type { ActorListing, ClusterStatus, LogLine } from '@trainer/client/internal';
import { attemptsText, deathsText } from '../terminal/endings.js';
import { print, type Format } from '../terminal/output.js';
import { fieldsText, mebibytes, seconds, table, timeText } from '../terminal/table.js';
import type { Cluster } from './command.js';

/** `trainer status` */
export async function showStatus({ head, output, restUrl }: Cluster, format: Format): Promise<void> {
  print(output, format, await head.status(), (status) => statusText(status, restUrl));
}

function statusText(status: ClusterStatus, restUrl: string | null): string {
  const state = (up: boolean): string => (up ? 'connected' : 'away');
  return [
    `Trainer ${status.version}, head epoch ${status.headEpoch}, up ${seconds(status.uptimeMs)}${restUrl === null ? '' : `, REST at ${restUrl}`}`,
    `database ${state(status.isDatabaseConnected)}, messages ${state(status.isMessagesConnected)}, object store ${state(status.isStoreConnected)}`,
    ...(status.databaseTrouble === null ? [] : [status.databaseTrouble]),
    `jobs ${status.jobsRunning} running, ${status.jobsPending} pending; actors ${status.actorsAlive} alive`,
    '',
    nodesText(status.nodes),
  ].join('\n');
}

/** `trainer nodes` */
export async function showNodes({ head, output }: Cluster, format: Format): Promise<void> {
  print(output, format, await head.nodes.list(), nodesText);
}

function nodesText(nodes: readonly NodeView[]): string {
  if (nodes.length === 0) return 'No node has joined.';
  const free = (node: NodeView): string => `${node.available.cpuMilli / 1000} of ${node.capacity.cpuMilli / 1000}`;
  const memory = (node: NodeView): string => `${mebibytes(node.available.memoryBytes)} of ${mebibytes(node.capacity.memoryBytes)}`;
  const gpus = (node: NodeView): string =>
    `${node.available.gpus.reduce((sum, gpu) => sum + gpu.milli, 0) / 1000} of ${node.capacity.gpus.length}`;
  return table(
    ['NODE', 'STATE', 'HOST', 'CPUS FREE', 'MEMORY FREE', 'GPUS FREE', 'LEASES'],
    nodes.map((node) => [node.id, node.state, node.host, free(node), memory(node), gpus(node), String(node.leases)]),
  );
}

/** `trainer actors` */
export async function showActors({ head, output }: Cluster, format: Format, withEnded: boolean): Promise<void> {
  print(output, format, await head.actors.list({ withEnded }), (actors) =>
    actors.length === 0
      ? 'No actors.'
      : table(
          ['ACTOR', 'NAME', 'CLASS', 'STATE', 'WHERE', 'CPU', 'MEMORY', 'RESTARTS', 'WHY'],
          actors.map((actor) => [
            actor.id,
            nameOf(actor),
            actor.className,
            actor.state.at,
            actor.state.at === 'alive' ? actor.state.node : '',
            String(actor.cpuMilli / 1000),
            mebibytes(actor.memoryBytes),
            String(actor.restarts),
            reasonOf(actor),
          ]),
        ),
  );
}

/** Within its namespace, where that is not the default one. */
function nameOf({ name, namespace }: ActorListing): string {
  if (name === null) return '';
  return namespace === 'default' ? name : `${namespace}/${name}`;
}

function reasonOf({ state, deaths }: ActorListing): string {
  if (state.at === 'pending') return state.reason ?? '';
  if (state.at === 'dead' || state.at === 'stopping') return describeCause(state.cause);
  const last = deaths.at(-1);
  return last === undefined ? '' : `started again: ${describeCause(last.cause)}`;
}

/** `trainer actor ID` */
export async function showActor({ head, output }: Cluster, format: Format, id: string): Promise<void> {
  print(output, format, await head.actors.get(id), actorText);
}

function actorText(actor: ActorListing): string {
  const { state, deaths } = actor;
  const known = fieldsText([
    ['actor', actor.id],
    ['name', nameOf(actor) || null],
    ['class', actor.className],
    ['state', `${state.at} since ${timeText(state.since)}`],
    ['where', state.at === 'alive' ? `${state.node}, ${state.address}` : null],
    ['why', reasonOf(actor) || null],
    ['holds', `${actor.cpuMilli / 1000} CPU, ${mebibytes(actor.memoryBytes)}`],
    ['restarts', `${actor.restarts} of ${actor.maxRestarts === -1 ? 'any number' : String(actor.maxRestarts)}`],
  ]);
  return deaths.length === 0 ? known : `${known}\n\n${deathsText(deaths)}`;
}

/** `trainer logs ID` */
export async function showLogs(
  { head, output }: Cluster,
  of: string,
  options: { follow: boolean; tail?: number; json: boolean },
): Promise<void> {
  const { follow, tail, json } = options;
  const lines: AsyncIterable<LogLine> = head.logs(of, tail === undefined ? { follow } : { follow, tail });
  for await (const line of lines) output.write(json ? `${JSON.stringify(line)}\n` : `${new Date(line.at).toISOString()} ${line.line}\n`);
}

/** `trainer jobs` */
export async function showJobs({ head, output }: Cluster, format: Format, limit: number): Promise<void> {
  const { jobs } = await head.jobs.list({ limit });
  print(output, format, jobs, (all) =>
    all.length === 0
      ? 'No jobs.'
      : table(
          ['JOB', 'STATUS', 'PHASE', 'MODEL', 'DATA', 'EPOCH', 'PROGRESS', 'CREATED'],
          all.map((job) => [
            job.id,
            job.status,
            job.phase,
            job.request.modelId,
            job.request.dataId,
            `${job.currentEpoch}/${job.totalEpochs}`,
            `${job.progress.toFixed(0)} %`,
            new Date(job.createdAt).toISOString(),
          ]),
        ),
  );
}

/** `trainer job ID` */
export async function showJob({ head, output }: Cluster, format: Format, id: string): Promise<void> {
  print(output, format, await head.jobs.get(id), jobText);
}

function jobText(job: Job): string {
  const lines: [string, string | null][] = [
    ['job', job.id],
    ['status', `${job.status} (${job.phase})`],
    ['model', `${job.request.modelId} on ${job.request.dataId}`],
    ['epoch', `${job.currentEpoch} of ${job.totalEpochs}, ${job.progress.toFixed(1)} %`],
    ['attempt', String(job.attempt)],
    ['nodes', job.nodes.join(', ') || null],
    ['waits for', job.pendingReason],
    [
      'metrics',
      Object.entries(job.bestMetrics)
        .map(([name, value]) => `${name} ${value?.toFixed(4) ?? '-'}`)
        .join(', ') || null,
    ],
    ['model file', job.finalModelPath],
    ['error', job.error?.message ?? null],
    ...job.warnings.map((warning): [string, string] => ['warning', warning]),
  ];
  return job.attempts.length === 0 ? fieldsText(lines) : `${fieldsText(lines)}\n\n${attemptsText(job.attempts)}`;
}

/** `trainer models` */
export async function showModels({ head, output }: Cluster, format: Format, limit: number): Promise<void> {
  const { models } = await head.jobs.models({ page: 1, pageSize: limit });
  print(output, format, models, (all) =>
    all.length === 0
      ? 'No models.'
      : table(
          ['JOB', 'MODEL', 'SCORE', 'FILE', 'CREATED'],
          all.map((model) => [
            model.job,
            model.modelId,
            scoreOf(model),
            model.files.find((file) => file.role === 'pkl')?.key ?? '',
            new Date(model.createdAt).toISOString(),
          ]),
        ),
  );
}

/** A model has one of them. */
const MAIN_SCORES = ['val_accuracy', 'val_r2', 'silhouette'] as const;

function scoreOf(model: Model): string {
  const { metrics } = model.result;
  const name = MAIN_SCORES.find((one) => typeof metrics[one] === 'number');
  return name === undefined ? '' : `${name} ${metrics[name]?.toFixed(4)}`;
}
