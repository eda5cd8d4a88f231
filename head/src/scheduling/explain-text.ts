import type { Resources } from '@trainer/model';
import type { Explanation, NodeShortfall, Unblock } from './explanation.js';

/** So many nodes are named. */
const NAMED_NODES = 3;

type Kind = keyof Resources;
const KINDS: readonly Kind[] = ['cpuMilli', 'memoryBytes', 'gpuMilli'];

/** What a person can act on: what it needs, and what the nodes have of it: `Needs 1 CPU; node vm has 0 of 2 free.` */
export function explainText(explanation: Explanation): string {
  const { unblock } = explanation;
  switch (unblock.kind) {
    case 'job-ends':
      return `${unblock.running === 1 ? '1 job is' : `${unblock.running} jobs are`} running, as many as MAX_PARALLEL_JOBS allows.`;
    case 'placed-before':
      return `Room is kept for ${unblock.demand}, which has waited longer or has a higher priority.`;
    case 'node-joins':
      return `${needsText(explanation)}; ${nodesText(explanation)}. Ask for less, or add ${joinsText(unblock)}.`;
    case 'free':
    case 'asked-again':
    case 'node-connects':
      return `${needsText(explanation)}; ${nodesText(explanation)}.`;
  }
}

/** How many of its kind are looked at before it, as the sentence after `explainText`; none: the empty text. */
export function aheadText(kind: 'actor' | 'job', ahead: number): string {
  if (ahead === 0) return '';
  return ahead === 1 ? ` 1 ${kind} is ahead.` : ` ${ahead} ${kind}s are ahead.`;
}

/** Only what the nodes are short of, where that is what it waits for. */
function needsText(explanation: Explanation): string {
  const { bundle, bundles, engine, nodes } = explanation;
  const short = shortOf(explanation);
  const needed = short.length > 0 ? only(bundle, short) : bundle;
  const isEngineShort = engine !== null && (nodes.some(({ turnedAwayBy }) => turnedAwayBy === 'engine') || nodes.length === 0);
  return `Needs ${gangText(bundles, amounts(needed, isEngineShort ? engine : null))}`;
}

function shortOf({ nodes }: Explanation): readonly Kind[] {
  return KINDS.filter((kind) =>
    nodes.some(({ turnedAwayBy, missing }) => (turnedAwayBy === 'capacity' || turnedAwayBy === 'available') && missing[kind] > 0),
  );
}

function nodesText(explanation: Explanation): string {
  const { nodes, nodeCount } = explanation;
  if (nodes.length === 0) return 'no node is connected';
  const named = nodes.slice(0, NAMED_NODES).map((node) => nodeText(node, explanation));
  const rest = nodeCount - named.length;
  if (rest > 0) named.push(rest === 1 ? '1 more node is no better' : `${rest} more nodes are no better`);
  return named.join(', ');
}

function nodeText(node: NodeShortfall, explanation: Explanation): string {
  const { name, missing, free, whole } = node;
  const { bundles, engine } = explanation;
  const kinds = KINDS.filter((kind) => missing[kind] > 0);
  // The only kind that is needed is not named again.
  const isBare = shortOf(explanation).length === 1;
  switch (node.turnedAwayBy) {
    case 'connection':
      return `node ${name} takes no work: ${node.note ?? 'it is not connected'}`;
    case 'engine':
      return `node ${name} has no ${engine ?? 'engine'}: ${node.note ?? 'it is not installed there'}`;
    case 'capacity':
      return `node ${name} has only ${listText(kinds.map((kind) => amount(kind, whole[kind], Math.floor)))}`;
    case 'available':
      return `node ${name} has ${listText(kinds.map((kind) => share(kind, free[kind], whole[kind], isBare)))} free`;
    case null:
      return `node ${name} has room for ${node.holdsNow} of the ${bundles}`;
  }
}

function joinsText({ bundle, bundles, engine }: Extract<Unblock, { kind: 'node-joins' }>): string {
  const each = amounts(bundle, engine);
  return bundles === 1 ? `a node with ${each}` : `nodes until there is room for ${gangText(bundles, each)}`;
}

function gangText(bundles: number, each: string): string {
  return bundles === 1 ? each : `${bundles} workers with ${each} each`;
}

function only(resources: Resources, kinds: readonly Kind[]): Resources {
  const of = (kind: Kind): number => (kinds.includes(kind) ? resources[kind] : 0);
  return { cpuMilli: of('cpuMilli'), memoryBytes: of('memoryBytes'), gpuMilli: of('gpuMilli') };
}

/** `2 CPUs, 512 MiB of memory and xgboost`; what is zero is left out. */
function amounts(resources: Resources, engine: string | null): string {
  const parts = KINDS.filter((kind) => resources[kind] > 0).map((kind) => amount(kind, resources[kind], Math.ceil));
  if (engine !== null) parts.push(engine);
  return parts.length === 0 ? 'nothing' : listText(parts);
}

/** @param round what is needed up, what is there down: neither is shown as more fitting than it is */
function amount(kind: Kind, value: number, round: (value: number) => number): string {
  switch (kind) {
    case 'cpuMilli':
      return units(value, 'CPU');
    case 'memoryBytes':
      return `${memory(value, round)} of memory`;
    case 'gpuMilli':
      return units(value, 'GPU');
  }
}

/** `0 of 2`, or `0 of 2 CPUs`. */
function share(kind: Kind, free: number, whole: number, isBare: boolean): string {
  if (kind === 'memoryBytes') return `${memory(free, Math.floor)} of ${memory(whole, Math.floor)}${isBare ? '' : ' of memory'}`;
  return `${free / 1000} of ${isBare ? String(whole / 1000) : units(whole, kind === 'cpuMilli' ? 'CPU' : 'GPU')}`;
}

function listText(parts: readonly string[]): string {
  return parts.length === 1 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1) ?? ''}`;
}

function units(milli: number, name: string): string {
  return `${milli / 1000} ${name}${milli > 1000 || milli === 0 ? 's' : ''}`;
}

function memory(bytes: number, round: (value: number) => number): string {
  const mib = round(bytes / 2 ** 20);
  return mib >= 10_240 ? `${round(mib / 1024)} GiB` : `${mib} MiB`;
}
