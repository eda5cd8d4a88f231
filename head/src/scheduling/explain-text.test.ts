import { describe, expect, test } from '@jest/globals';
import { nodeId } from '@trainer/model';
import type { EngineState, NodeState } from '@trainer/model';
import type { Demand, ViewNode } from './demand.js';
import { explain } from './explain.js';
import { aheadText, explainText } from './explain-text.js';
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

function job(id: string, cpus: number, bundles = 1, memory = 512): Demand {
  return {
    id,
    want: {
      kind: 'job',
      bundles: Array.from({ length: bundles }, () => ({ cpuMilli: cpus * 1000, memoryBytes: memory * MiB, gpuMilli: 0 })),
      needsEngine: 'xgboost',
    },
    priority: 50,
    since: 0,
  };
}

/** Of the last in the queue. */
function textOf(nodes: readonly ViewNode[], queue: readonly Demand[], runningJobs = 0, patienceMs = 1e9): string {
  const { refusals, rooms } = plan({ nodes, runningJobs }, queue, { maxParallelJobs: 3, patienceMs, mostPlacements: 100 }, 10);
  const want = queue.at(-1)?.want;
  const obstacle = want && refusals.get(want);
  return want && obstacle ? explainText(explain(want, rooms, obstacle)) : 'placed';
}

describe('the text a person reads', () => {
  test('what it needs, and what a taken node has of it', () => {
    expect(textOf([node(1, 2, 0, { host: 'vm' })], [job('a', 1)])).toBe('Needs 1 CPU; node vm has 0 of 2 free.');
  });
  test('the node that is nearest comes first, and one that is too small is told apart from one that is taken', () => {
    expect(textOf([node(1, 4, 0), node(2, 4, 3), node(3, 2, 2)], [job('a', 4)])).toBe(
      'Needs 4 CPUs; node host2 has 3 of 4 free, node host1 has 0 of 4 free, node host3 has only 2 CPUs.',
    );
  });
  test('of two things that are short each has its unit', () => {
    expect(textOf([node(1, 4, 1, { memory: 100 }), node(2, 2, 2)], [job('a', 4)])).toBe(
      'Needs 4 CPUs and 512 MiB of memory; node host2 has only 2 CPUs, node host1 has only 100 MiB of memory. Ask for less, or add a node with 4 CPUs, 512 MiB of memory and xgboost.',
    );
  });
  test('memory that is needed is rounded up, what is there down', () => {
    expect(textOf([node(1, 4, 4, { memory: 511.9 })], [job('a', 1, 1, 511.95)])).toBe(
      'Needs 512 MiB of memory; node host1 has only 511 MiB of memory. Ask for less, or add a node with 1 CPU, 512 MiB of memory and xgboost.',
    );
  });
  test('fits on no node: what to ask for or to add', () => {
    expect(textOf([node(1, 4, 4)], [job('a', 16)])).toBe(
      'Needs 16 CPUs; node host1 has only 4 CPUs. Ask for less, or add a node with 16 CPUs, 512 MiB of memory and xgboost.',
    );
  });
  test('an engine that cannot be had is named with its reason', () => {
    expect(textOf([node(1, 4, 4, { engines: [{ engine: 'xgboost', unavailable: 'no wheel for riscv64' }] })], [job('a', 1)])).toBe(
      'Needs 1 CPU, 512 MiB of memory and xgboost; node host1 has no xgboost: no wheel for riscv64. Ask for less, or add a node with 1 CPU, 512 MiB of memory and xgboost.',
    );
  });
  test.each([
    [1, '1 job is running, as many as MAX_PARALLEL_JOBS allows.'],
    [3, '3 jobs are running, as many as MAX_PARALLEL_JOBS allows.'],
  ])('the limit of parallel jobs, %i of them', (limit, expected) => {
    const { refusals, rooms } = plan(
      { nodes: [node(1, 4, 4)], runningJobs: limit },
      [job('a', 1)],
      { maxParallelJobs: limit, patienceMs: 1e9, mostPlacements: 1 },
      10,
    );
    expect([...refusals].map(([want, obstacle]) => explainText(explain(want, rooms, obstacle)))).toEqual([expected]);
  });
  test.each([
    [0, ''],
    [1, ' 1 job is ahead.'],
    [9_999, ' 9999 jobs are ahead.'],
  ])('%i are ahead', (ahead, expected) => {
    expect(aheadText('job', ahead)).toBe(expected);
  });
  test('kept for an older one', () => {
    expect(textOf([node(1, 4, 1)], [job('a', 4), job('b', 1)], 0, 0)).toBe(
      'Room is kept for a, which has waited longer or has a higher priority.',
    );
  });
  test('no node at all', () => {
    expect(textOf([], [job('a', 1)])).toBe('Needs 1 CPU, 512 MiB of memory and xgboost; no node is connected.');
  });
  test.each([
    ['no-messages', 'its agent has no connection to NATS'],
    ['draining', 'its agent is being stopped'],
    ['silent', 'its agent is silent'],
  ] as const)('a node that is %s', (state, note) => {
    expect(textOf([node(1, 4, 4, { state })], [job('a', 1)])).toBe(`Needs 1 CPU and 512 MiB of memory; node host1 takes no work: ${note}.`);
  });
  test('an agent that has just refused it', () => {
    expect(textOf([node(1, 2, 2, { isPaused: true })], [job('a', 1)])).toBe(
      'Needs 1 CPU and 512 MiB of memory; node host1 takes no work: its agent has just refused work, and is asked again in a moment.',
    );
  });
  test('a gang of which a part would fit', () => {
    expect(textOf([node(1, 2, 2), node(2, 2, 0)], [job('a', 2, 2)])).toBe(
      'Needs 2 workers with 2 CPUs each; node host1 has room for 1 of the 2, node host2 has 0 of 2 free.',
    );
  });
  test('a gang for which there are not nodes enough', () => {
    expect(textOf([node(1, 2, 2)], [job('a', 2, 2)])).toBe(
      'Needs 2 workers with 2 CPUs and 512 MiB of memory each; node host1 has room for 1 of the 2. Ask for less, or add nodes until there is room for 2 workers with 2 CPUs, 512 MiB of memory and xgboost each.',
    );
  });
  test('nodes on one host are told apart by their ids', () => {
    expect(textOf([node(1, 2, 1, { host: 'vm' }), node(2, 2, 0, { host: 'vm' }), node(3, 1, 1)], [job('a', 2)])).toBe(
      'Needs 2 CPUs; node vm (node-000000000001) has 1 of 2 free, node vm (node-000000000002) has 0 of 2 free, node host3 has only 1 CPU.',
    );
  });
  test.each([
    [4, '1 more node is no better.'],
    [15, '12 more nodes are no better.'],
  ])('of %i nodes the nearest are named and the rest counted', (count, expected) => {
    const nodes = Array.from({ length: count }, (_, i) => node(i + 1, 2, 1));
    expect(textOf(nodes, [job('a', 2)])).toContain(`node host3 has 1 of 2 free, ${expected}`);
  });
});
