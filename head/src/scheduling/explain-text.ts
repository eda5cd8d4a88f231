import type { Resources } from '@trainer/model';
import type { Explanation, Need, NodeShortfall, Unblock } from './explanation.js';

/** So many nodes that must set something free are named. */
const NAMED_NEEDS = 3;

/** One paragraph that a person can act on: what it asks, why not now, what is missing where, what would unblock it. */
export function explainText(explanation: Explanation): string {
  const { bundles, engine } = explanation;
  const what = amounts(explanation.bundle);
  const asks = `It asks ${bundles === 1 ? what : `${bundles} ranks of ${what} each`}${engine ? `${bundles === 1 ? '' : ','} with ${engine}` : ''}`;
  const nodes = isAboutNodes(explanation)
    ? explanation.nodes.map((node) => ` ${nodeText(node, bundles)}.`).join('') + restText(explanation)
    : '';
  return `${asks}, ${verdictText(explanation)}. ${unblockText(explanation.unblock)}.${nodes}${aheadText(explanation)}`;
}

function verdictText({ verdict, bundles }: Explanation): string {
  if (verdict === 'waits') return 'and waits';
  return bundles === 1
    ? 'which fits on no node of the cluster, even empty'
    : 'which do not fit on the nodes of the cluster, even if all were empty';
}

function isAboutNodes({ unblock }: Explanation): boolean {
  return unblock.kind !== 'job-ends' && unblock.kind !== 'placed-before';
}

function unblockText(unblock: Unblock): string {
  switch (unblock.kind) {
    case 'free':
      return `It goes on once ${needsText(unblock.needs)}`;
    case 'job-ends':
      return unblock.running === 1
        ? `1 job is running and MAX_PARALLEL_JOBS is ${unblock.limit}: it goes on once that one ends`
        : `${unblock.running} jobs are running and MAX_PARALLEL_JOBS is ${unblock.limit}: it goes on once one of them ends`;
    case 'placed-before':
      return `What it needs is kept for ${unblock.demand}, which has waited longer or is more important`;
    case 'asked-again':
      return 'It goes on once an agent that has just refused it takes it';
    case 'node-connects':
      return 'It goes on once a node with room for it is connected';
    case 'node-joins':
      return `Ask for less, or add ${joinsText(unblock)}${unblock.engine ? ` and ${unblock.engine}` : ''}`;
  }
}

function needsText(needs: readonly Need[]): string {
  const named = needs.slice(0, NAMED_NEEDS).map(({ name, missing }, i) => {
    const verb = i > 0 ? '' : isOne(missing) ? ' is free' : ' are free';
    return `${amounts(missing)} more${verb} on ${name}`;
  });
  const rest = needs.length - named.length;
  if (rest > 0) named.push(`what is missing on ${rest === 1 ? 'another node' : `${rest} other nodes`}`);
  return listText(named);
}

function joinsText({ bundle, bundles }: Extract<Unblock, { kind: 'node-joins' }>): string {
  return bundles === 1 ? `a node with ${amounts(bundle)}` : `nodes until there is room for ${bundles} ranks of ${amounts(bundle)}`;
}

function nodeText(node: NodeShortfall, bundles: number): string {
  switch (node.turnedAwayBy) {
    case 'connection':
    case 'engine':
      return `${node.name}: ${node.note ?? 'not connected'}`;
    case 'capacity':
      return `${node.name} is too small by ${amounts(node.missing)}`;
    case 'available':
      return `${node.name} lacks ${amounts(node.missing)} now`;
    case null:
      return `${node.name} has room for ${node.holdsNow} of the ${bundles} now, for ${node.holdsEmpty} when empty`;
  }
}

function restText({ nodeCount, nodes }: Explanation): string {
  const rest = nodeCount - nodes.length;
  if (rest <= 0) return '';
  return rest === 1 ? ' 1 more node lacks more.' : ` ${rest} more nodes lack more.`;
}

function aheadText({ ahead, verdict }: Explanation): string {
  if (verdict === 'infeasible' || ahead === 0) return '';
  return ahead === 1 ? ' One other waits ahead of it.' : ` ${ahead} others wait ahead of it.`;
}

/** `2 CPUs, 512 MiB of memory and 1 GPU`; what is zero is left out. */
function amounts(resources: Resources): string {
  const parts: string[] = [];
  if (resources.cpuMilli > 0) parts.push(units(resources.cpuMilli, 'CPU'));
  if (resources.memoryBytes > 0) parts.push(`${memory(resources.memoryBytes)} of memory`);
  if (resources.gpuMilli > 0) parts.push(units(resources.gpuMilli, 'GPU'));
  return parts.length === 0 ? 'nothing' : listText(parts);
}

function listText(parts: readonly string[]): string {
  return parts.length === 1 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1) ?? ''}`;
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
