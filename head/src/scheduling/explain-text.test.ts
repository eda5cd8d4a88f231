import { describe, expect, test } from '@jest/globals';
import { nodeId } from '@trainer/model';
import type { EngineState, NodeState } from '@trainer/model';
import type { Demand, ViewNode } from './demand.js';
import { explainText } from './explain-text.js';
import { plan } from './plan.js';

const MiB = 2 ** 20;

function node(
  n: number,
  cpus: number,
  free: number,
  more: { state?: NodeState; engines?: readonly EngineState[]; memory?: number; isPaused?: boolean; host?: string } = {},
): ViewNode {
  const memoryBytes = (more.memory ?? 4096) * MiB;
  return {
    id: nodeId(`node-${String(n).padStart(12, '0')}`),
    incarnation: 1,
    host: more.host ?? `host${n}`,
    state: more.state ?? 'connected',
    capacity: { cpuMilli: cpus * 1000, memoryBytes, gpus: [] },
    available: { cpuMilli: free * 1000, memoryBytes, gpus: [] },
    engines: more.engines ?? [{ engine: 'xgboost', unavailable: null }],
    isPaused: more.isPaused ?? false,
  };
}

function job(id: string, cpus: number, bundles = 1): Demand {
  return {
    id,
    kind: 'job',
    bundles: Array.from({ length: bundles }, () => ({ cpuMilli: cpus * 1000, memoryBytes: 512 * MiB, gpuMilli: 0 })),
    priority: 50,
    since: 0,
    needsEngine: 'xgboost',
  };
}

function textOf(nodes: readonly ViewNode[], queue: readonly Demand[], runningJobs = 0, patienceMs = 1e9): string {
  const { explanations } = plan({ nodes, runningJobs }, queue, { maxParallelJobs: 3, patienceMs }, 10);
  return explanations.map(explainText).at(-1) ?? 'placed';
}

describe('the text a person reads', () => {
  test('waits for CPUs: what is missing on which node', () => {
    expect(textOf([node(1, 4, 1), node(2, 2, 2)], [job('a', 4)])).toBe(
      'It asks 4 CPUs and 512 MiB of memory with xgboost, and waits. It goes on once 3 CPUs more are free on host1. host1 lacks 3 CPUs now. host2 is too small by 2 CPUs.',
    );
  });
  test('fits on no node: what to ask for or to add', () => {
    expect(textOf([node(1, 4, 4)], [job('a', 16)])).toBe(
      'It asks 16 CPUs and 512 MiB of memory with xgboost, which fits on no node of the cluster, even empty. Ask for less, or add a node with 16 CPUs and 512 MiB of memory and xgboost. host1 is too small by 12 CPUs.',
    );
  });
  test('an engine that cannot be had is named with its reason', () => {
    expect(textOf([node(1, 4, 4, { engines: [{ engine: 'xgboost', unavailable: 'no wheel for riscv64' }] })], [job('a', 1)])).toContain(
      'host1: no wheel for riscv64.',
    );
  });
  test('the limit of parallel jobs', () => {
    expect(textOf([node(1, 4, 4)], [job('a', 1)], 3)).toBe(
      'It asks 1 CPU and 512 MiB of memory with xgboost, and waits. 3 jobs are running and MAX_PARALLEL_JOBS is 3: it goes on once one of them ends.',
    );
  });
  test('how many are ahead', () => {
    expect(textOf([node(1, 4, 1)], [job('a', 4), job('b', 4), job('c', 4)])).toContain('2 others wait ahead of it.');
  });
  test('kept for an older one', () => {
    expect(textOf([node(1, 4, 1)], [job('a', 4), job('b', 1)], 0, 0)).toContain(
      'What it needs is kept for a, which has waited longer or is more important. One other waits ahead of it.',
    );
  });
  test('no node at all', () => {
    expect(textOf([], [job('a', 1)])).toContain('It goes on once a node with room for it is connected.');
  });
  test('a node that cannot be talked to', () => {
    expect(textOf([node(1, 4, 4, { state: 'no-messages' })], [job('a', 1)])).toContain('host1: its agent has no connection to NATS.');
  });
  test('one node that is taken: what must be set free there', () => {
    expect(textOf([node(1, 2, 1)], [job('a', 2)])).toBe(
      'It asks 2 CPUs and 512 MiB of memory with xgboost, and waits. It goes on once 1 CPU more is free on host1. host1 lacks 1 CPU now.',
    );
  });
  test('three nodes: the one that lacks least is the one to wait for', () => {
    expect(textOf([node(1, 4, 0), node(2, 4, 3), node(3, 2, 2)], [job('a', 4)])).toBe(
      'It asks 4 CPUs and 512 MiB of memory with xgboost, and waits. It goes on once 1 CPU more is free on host2. host2 lacks 1 CPU now. host1 lacks 4 CPUs now. host3 is too small by 2 CPUs.',
    );
  });
  test('a gang of which a part would fit', () => {
    expect(textOf([node(1, 2, 2), node(2, 2, 0)], [job('a', 2, 2)])).toBe(
      'It asks 2 ranks of 2 CPUs and 512 MiB of memory each, with xgboost, and waits. It goes on once 2 CPUs more are free on host2. host1 has room for 1 of the 2 now, for 1 when empty. host2 lacks 2 CPUs now.',
    );
  });
  test('a gang that misses something on several nodes', () => {
    expect(textOf([node(1, 2, 1), node(2, 2, 0), node(3, 1, 1)], [job('a', 2, 2)])).toBe(
      'It asks 2 ranks of 2 CPUs and 512 MiB of memory each, with xgboost, and waits. It goes on once 1 CPU more is free on host1 and 2 CPUs more on host2. host1 lacks 1 CPU now. host2 lacks 2 CPUs now. host3 is too small by 1 CPU.',
    );
  });
  test('a gang for which there are not nodes enough', () => {
    expect(textOf([node(1, 2, 2)], [job('a', 2, 2)])).toBe(
      'It asks 2 ranks of 2 CPUs and 512 MiB of memory each, with xgboost, which do not fit on the nodes of the cluster, even if all were empty. Ask for less, or add nodes until there is room for 2 ranks of 2 CPUs and 512 MiB of memory and xgboost. host1 has room for 1 of the 2 now, for 1 when empty.',
    );
  });
  test('nodes on one host are told apart by their ids', () => {
    expect(textOf([node(1, 2, 1, { host: 'vm' }), node(2, 2, 0, { host: 'vm' }), node(3, 1, 1)], [job('a', 2)])).toBe(
      'It asks 2 CPUs and 512 MiB of memory with xgboost, and waits. It goes on once 1 CPU more is free on vm (node-000000000001). vm (node-000000000001) lacks 1 CPU now. vm (node-000000000002) lacks 2 CPUs now. host3 is too small by 1 CPU.',
    );
  });
  test('an agent that has just refused it', () => {
    expect(textOf([node(1, 2, 2, { isPaused: true })], [job('a', 1)])).toBe(
      'It asks 1 CPU and 512 MiB of memory with xgboost, and waits. It goes on once an agent that has just refused it takes it. host1: its agent has just refused work, and is asked again in a moment.',
    );
  });
  test('an agent that is being stopped', () => {
    expect(textOf([node(1, 4, 4, { state: 'draining' })], [job('a', 1)])).toContain('host1: its agent is being stopped.');
  });
  test('of many nodes the nearest are shown and the rest counted', () => {
    const nodes = Array.from({ length: 15 }, (_, i) => node(i + 1, 2, 1));
    expect(textOf(nodes, [job('a', 2)])).toContain('5 more nodes lack more.');
  });
});
