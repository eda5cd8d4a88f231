import type { Resources } from '@trainer/model';
import type { Explanation, NodeShortfall, Unblock } from './explanation.js';

/** One paragraph that a person can act on: what it asks, why not now, what is missing where, what would unblock it. */
export function explainText(explanation: Explanation): string {
  const asks = `It asks ${times(explanation.bundles, amounts(explanation.bundle))}${explanation.engine ? ` with ${explanation.engine}` : ''}`;
  const verdict = explanation.verdict === 'infeasible' ? 'which fits on no node of the cluster, even empty' : 'and waits';
  const nodes = isAboutNodes(explanation) ? explanation.nodes.map((node) => ` ${nodeText(node)}.`).join('') + restText(explanation) : '';
  return `${asks}, ${verdict}. ${unblockText(explanation.unblock)}.${nodes}${aheadText(explanation)}`;
}

function isAboutNodes({ unblock }: Explanation): boolean {
  return unblock.kind === 'free' || unblock.kind === 'node-joins' || unblock.kind === 'node-connects';
}

function unblockText(unblock: Unblock): string {
  switch (unblock.kind) {
    case 'free':
      return `It goes on once ${amounts(unblock.missing)} more ${isOne(unblock.missing) ? 'is' : 'are'} free on ${unblock.host}`;
    case 'job-ends':
      return `${unblock.running} jobs are running and MAX_PARALLEL_JOBS is ${unblock.limit}: it goes on once one of them ends`;
    case 'placed-before':
      return `What it needs is kept for ${unblock.demand}, which has waited longer`;
    case 'node-connects':
      return 'It goes on once a node with room for it is connected';
    case 'node-joins':
      return `Ask for less, or add ${unblock.bundles === 1 ? 'a node' : `nodes for ${unblock.bundles} ranks`} with ${amounts(unblock.bundle)}${unblock.engine ? ` and ${unblock.engine}` : ''}`;
  }
}

function nodeText(node: NodeShortfall): string {
  switch (node.turnedAwayBy) {
    case 'connection':
    case 'engine':
      return `${node.host}: ${node.note ?? 'not connected'}`;
    case 'capacity':
      return `${node.host} is too small by ${amounts(node.missing)}`;
    case 'available':
      return `${node.host} lacks ${amounts(node.missing)} now`;
    case null:
      return `${node.host} has room for a part of it (${node.holdsEmpty} when empty)`;
  }
}

function restText({ nodeCount, nodes }: Explanation): string {
  const rest = nodeCount - nodes.length;
  return rest > 0 ? ` ${rest} more nodes lack more.` : '';
}

function aheadText({ ahead, verdict }: Explanation): string {
  if (verdict === 'infeasible' || ahead === 0) return '';
  return ahead === 1 ? ' One other waits ahead of it.' : ` ${ahead} others wait ahead of it.`;
}

function times(count: number, text: string): string {
  return count === 1 ? text : `${count} times ${text}`;
}

/** `2 CPUs, 512 MiB of memory and 1 GPU`; what is zero is left out. */
function amounts(resources: Resources): string {
  const parts: string[] = [];
  if (resources.cpuMilli > 0) parts.push(units(resources.cpuMilli, 'CPU'));
  if (resources.memoryBytes > 0) parts.push(`${memory(resources.memoryBytes)} of memory`);
  if (resources.gpuMilli > 0) parts.push(units(resources.gpuMilli, 'GPU'));
  const last = parts.pop();
  if (last === undefined) return 'nothing';
  return parts.length === 0 ? last : `${parts.join(', ')} and ${last}`;
}

function isOne(resources: Resources): boolean {
  const kinds = [resources.cpuMilli, resources.memoryBytes, resources.gpuMilli].filter((amount) => amount > 0);
  return kinds.length === 1 && (resources.memoryBytes > 0 || kinds[0] === 1000 || (kinds[0] ?? 0) < 1000);
}

function units(milli: number, name: string): string {
  return `${milli / 1000} ${name}${milli > 1000 ? 's' : ''}`;
}

/** Rounded up, so that what is asked for is never shown as less. */
function memory(bytes: number): string {
  const mib = Math.ceil(bytes / 2 ** 20);
  return mib >= 10_240 ? `${Math.ceil(mib / 1024)} GiB` : `${mib} MiB`;
}
