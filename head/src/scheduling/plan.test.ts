import { describe, expect, test } from '@jest/globals';
import { nodeId } from '@trainer/model';
import type { Grant, NodeState, Resources } from '@trainer/model';
import fc from 'fast-check';
import type { Demand, Placement, Policy, ViewNode, Want } from './demand.js';
import { explain } from './explain.js';
import type { Explanation } from './explanation.js';
import { byTurn, plan } from './plan.js';
import type { Plan } from './plan.js';
import { wholeOf } from './room.js';

const POLICY: Policy = { maxParallelJobs: 3, patienceMs: 1000, mostPlacements: 1000 };
const XGB = [{ engine: 'xgboost', unavailable: null }];

function ask(cpus: number, gpus = 0, memoryBytes = 0): Resources {
  return { cpuMilli: cpus * 1000, memoryBytes, gpuMilli: gpus * 1000 };
}

function demand(id: string, bundles: readonly Resources[], more: Partial<Omit<Demand, 'want'> & Want> = {}): Demand {
  const { kind = 'actor', needsEngine = null, priority = 50, since = 0 } = more;
  return { id, want: { kind, bundles, needsEngine }, priority, since };
}

function node(
  n: number,
  cpus: number,
  more: { free?: number; gpus?: readonly number[]; state?: NodeState; engines?: ViewNode['engines']; isPaused?: boolean } = {},
): ViewNode {
  const gpus = (more.gpus ?? []).map((_, index) => ({ index, uuid: `gpu-${index}`, model: 'T', memoryBytes: 1 }));
  const capacity = { cpuMilli: cpus * 1000, memoryBytes: 1000, gpus };
  const available: Grant = {
    cpuMilli: (more.free ?? cpus) * 1000,
    memoryBytes: 1000,
    gpus: (more.gpus ?? []).map((free, index) => ({ index, milli: free * 1000 })),
  };
  return {
    id: nodeId(`node-${String(n).padStart(12, '0')}`),
    incarnation: 1,
    host: `host${n}`,
    state: more.state ?? 'connected',
    capacity,
    available,
    engines: more.engines ?? XGB,
    isPaused: more.isPaused ?? false,
  };
}

/** The plan, and what is told of every demand that it did not place. */
type Run = Plan & { readonly explanations: readonly (Explanation & { readonly demand: string })[] };

function run(nodes: readonly ViewNode[], queue: readonly Demand[], now = 0, policy = POLICY, runningJobs = 0): Run {
  const made = plan({ nodes, runningJobs }, queue, policy, now);
  const placed = new Set(made.placements.map((of) => of.demand));
  const explanations = [...queue].sort(byTurn).flatMap(({ id, want }) => {
    const obstacle = made.refusals.get(want);
    return obstacle === undefined || placed.has(id) ? [] : [{ demand: id, ...explain(want, made.rooms, obstacle) }];
  });
  return { ...made, explanations };
}

/** `a: 1,2` for a demand whose bundles lie on nodes 1 and 2. */
function where(placements: readonly Placement[]): string[] {
  return placements.map(({ demand: id, bundles }) => `${id}: ${bundles.map((bundle) => Number(bundle.node.slice(5))).join()}`);
}

describe('placing', () => {
  test('an actor goes to the least loaded node', () => {
    expect(where(run([node(1, 4, { free: 2 }), node(2, 4, { free: 3 })], [demand('a', [ask(1)])]).placements)).toEqual(['a: 2']);
  });
  test('ties go to the least id', () => {
    expect(where(run([node(2, 4), node(1, 4)], [demand('a', [ask(1)])]).placements)).toEqual(['a: 1']);
  });
  test('ranks without GPUs spread over the nodes', () => {
    expect(where(run([node(1, 8), node(2, 2)], [demand('a', [ask(1), ask(1)])]).placements)).toEqual(['a: 1,2']);
  });
  test('ranks with GPUs pack on one node', () => {
    expect(
      where(run([node(1, 8, { gpus: [1, 1] }), node(2, 8, { gpus: [1, 1] })], [demand('a', [ask(1, 1), ask(1, 1)])]).placements),
    ).toEqual(['a: 1,1']);
  });
  test('a gang that fits only in part is not placed at all', () => {
    const { placements, explanations } = run([node(1, 2), node(2, 2, { free: 0 })], [demand('a', [ask(2), ask(2)])]);
    expect(placements).toEqual([]);
    expect(explanations).toMatchObject([{ demand: 'a', verdict: 'waits' }]);
  });
  test('a gang of unequal bundles is placed with the largest first, and listed by rank', () => {
    const { placements } = run([node(1, 4), node(2, 1)], [demand('a', [ask(1), ask(4)])]);
    expect(where(placements)).toEqual(['a: 2,1']);
  });
  test('a node that has just refused work is left alone, and its demand waits', () => {
    const { placements, explanations } = run([node(1, 4, { isPaused: true }), node(2, 1)], [demand('a', [ask(1)]), demand('b', [ask(2)])]);
    expect(where(placements)).toEqual(['a: 2']);
    expect(explanations).toMatchObject([{ demand: 'b', verdict: 'waits', unblock: { kind: 'asked-again' } }]);
  });
  test.each(['draining', 'no-messages', 'silent', 'lost'] as const)('a %s node takes nothing', (state) => {
    expect(run([node(1, 4, { state })], [demand('a', [ask(1)])]).placements).toEqual([]);
  });
  test('a demand with an engine goes only where it is', () => {
    const engines = [{ engine: 'xgboost', unavailable: 'libxgboost.so is missing' }];
    expect(where(run([node(1, 9, { engines }), node(2, 1)], [demand('a', [ask(1)], { needsEngine: 'xgboost' })]).placements)).toEqual([
      'a: 2',
    ]);
  });
});

describe('GPUs', () => {
  test('a fraction takes the least loaded device', () => {
    const { placements } = run([node(1, 4, { gpus: [0.5, 0.75] })], [demand('a', [ask(1, 0.5)])]);
    expect(placements[0]?.bundles[0]?.grant.gpus).toEqual([{ index: 1, milli: 500 }]);
  });
  test('a fraction never straddles two devices', () => {
    expect(run([node(1, 4, { gpus: [0.25, 0.25] })], [demand('a', [ask(1, 0.5)])]).placements).toEqual([]);
  });
  test('whole devices are wholly free ones', () => {
    const { placements } = run([node(1, 4, { gpus: [0.9, 1, 1] })], [demand('a', [ask(1, 2)])]);
    expect(placements[0]?.bundles[0]?.grant.gpus).toEqual([
      { index: 1, milli: 1000 },
      { index: 2, milli: 1000 },
    ]);
  });
});

describe('order', () => {
  const one = [node(1, 1)];
  test('higher priority goes first', () => {
    expect(where(run(one, [demand('a', [ask(1)]), demand('b', [ask(1)], { priority: 60, since: 5 })]).placements)).toEqual(['b: 1']);
  });
  test('a job of higher priority goes before older ones, and MAX_PARALLEL_JOBS holds back the others', () => {
    const queue = [1, 2, 3].map((n) => demand(`j${n}`, [ask(1)], { kind: 'job', since: n, priority: n === 3 ? 99 : 50 }));
    const { placements, explanations } = run([node(1, 9)], queue, 9, { ...POLICY, maxParallelJobs: 1 });
    expect(where(placements)).toEqual(['j3: 1']);
    expect(explanations.map((of) => of.demand)).toEqual(['j1', 'j2']);
  });
  test('then the older one', () => {
    expect(where(run(one, [demand('a', [ask(1)], { since: 5 }), demand('b', [ask(1)])]).placements)).toEqual(['b: 1']);
  });
  test('then the lesser id', () => {
    expect(where(run(one, [demand('b', [ask(1)]), demand('a', [ask(1)])]).placements)).toEqual(['a: 1']);
  });
  test('small ones pass a gang that does not fit yet', () => {
    const { placements } = run([node(1, 4, { free: 1 })], [demand('big', [ask(4)]), demand('small', [ask(1)], { since: 5 })], 900);
    expect(where(placements)).toEqual(['small: 1']);
  });
  test('after its patience the resources are kept for the gang', () => {
    const { placements, explanations } = run(
      [node(1, 4, { free: 1 })],
      [demand('big', [ask(4)]), demand('small', [ask(1)], { since: 5 })],
      1000,
    );
    expect(placements).toEqual([]);
    expect(explanations[1]).toMatchObject({ demand: 'small', unblock: { kind: 'placed-before', demand: 'big' } });
  });
  test('what the gang does not need may still be had', () => {
    const nodes = [node(1, 4, { free: 1 }), node(2, 2)];
    expect(where(run(nodes, [demand('big', [ask(4)]), demand('small', [ask(1)], { since: 5 })], 1000).placements)).toEqual(['small: 2']);
  });
  test('nothing is kept for what fits nowhere', () => {
    const { placements } = run([node(1, 4)], [demand('huge', [ask(9)]), demand('small', [ask(1)], { since: 5 })], 5000);
    expect(where(placements)).toEqual(['small: 1']);
  });
  test('no more jobs than MAX_PARALLEL_JOBS run, actors are not counted', () => {
    const queue = [demand('j1', [ask(1)], { kind: 'job' }), demand('j2', [ask(1)], { kind: 'job' }), demand('a', [ask(1)])];
    const { placements, explanations } = run([node(1, 9)], queue, 0, POLICY, 2);
    expect(where(placements)).toEqual(['a: 1', 'j1: 1']);
    expect(explanations).toMatchObject([{ demand: 'j2', verdict: 'waits', unblock: { kind: 'job-ends', running: 3, limit: 3 } }]);
  });
});

const anyNode = fc.record({
  cpus: fc.integer({ min: 0, max: 8 }),
  free: fc.integer({ min: 0, max: 8 }),
  gpus: fc.array(fc.constantFrom(0, 0.25, 0.5, 1), { maxLength: 3 }),
  state: fc.constantFrom<NodeState>('connected', 'connected', 'silent'),
});
const nodes = fc
  .array(anyNode, { maxLength: 6 })
  .map((list) => list.map((n, i) => node(i + 1, n.cpus, { ...n, free: Math.min(n.free, n.cpus) })));
const bundle = fc
  .tuple(fc.integer({ min: 0, max: 4 }), fc.constantFrom(0, 0, 0.25, 0.5, 1, 2), fc.integer({ min: 0, max: 600 }))
  .map(([cpus, gpus, memory]) => ask(cpus, gpus, memory));
/** Ranks ask the same each; for these the greedy search is exact. */
const equalGangs = fc
  .array(fc.tuple(bundle, fc.integer({ min: 1, max: 4 })), { maxLength: 8 })
  .map((list) => list.map(([of, ranks], i) => demand(`d${i}`, Array(ranks).fill(of))));
const queue = fc
  .array(
    fc.record({
      bundles: fc.array(bundle, { minLength: 1, maxLength: 4 }),
      priority: fc.integer({ min: 0, max: 2 }),
      since: fc.integer({ min: 0, max: 2000 }),
      isJob: fc.boolean(),
    }),
    { maxLength: 12 },
  )
  .map((list) =>
    list.map(({ bundles, priority, since, isJob }, i) => demand(`d${i}`, bundles, { priority, since, kind: isJob ? 'job' : 'actor' })),
  );

describe('whatever the view and the queue', () => {
  test('no node is over its capacity and no device is shared beyond one', () => {
    fc.assert(
      fc.property(nodes, queue, (view, demands) => {
        const grants = run(view, demands, 2000).placements.flatMap((placement) => placement.bundles);
        for (const { id, available } of view) {
          const mine = grants.filter((grant) => grant.node === id).map(({ grant }) => grant);
          expect(sum(mine.map((grant) => grant.cpuMilli))).toBeLessThanOrEqual(available.cpuMilli);
          expect(sum(mine.map((grant) => grant.memoryBytes))).toBeLessThanOrEqual(available.memoryBytes);
          for (const device of available.gpus) {
            expect(
              sum(mine.flatMap((grant) => grant.gpus.filter((gpu) => gpu.index === device.index).map((gpu) => gpu.milli))),
            ).toBeLessThanOrEqual(device.milli);
          }
        }
      }),
    );
  });
  test('a gang is whole or absent, gets what it asked for, and every demand is placed or explained', () => {
    fc.assert(
      fc.property(nodes, queue, (view, demands) => {
        const { placements, explanations } = run(view, demands, 2000);
        expect([...placements, ...explanations].map((of) => of.demand).sort()).toEqual(demands.map((of) => of.id).sort());
        for (const placement of placements) {
          const asked = demands.find((of) => of.id === placement.demand)?.want.bundles ?? [];
          expect(placement.bundles.map(({ bundle: rank }) => rank)).toEqual(asked.map((_, i) => i));
          expect(
            placement.bundles.map(({ grant }) => ({
              cpuMilli: grant.cpuMilli,
              memoryBytes: grant.memoryBytes,
              gpuMilli: sum(grant.gpus.map((gpu) => gpu.milli)),
            })),
          ).toEqual(asked);
        }
      }),
    );
  });
  test('the order of nodes and demands in the arguments does not matter', () => {
    fc.assert(
      fc.property(nodes, queue, (view, demands) => {
        expect(run([...view].reverse(), [...demands].reverse(), 2000)).toEqual(run(view, demands, 2000));
      }),
    );
  });
  test('only connected nodes get work, and no more jobs than allowed', () => {
    fc.assert(
      fc.property(nodes, queue, (view, demands) => {
        const { placements } = run(view, demands, 2000, POLICY, 1);
        const connected = view.filter((of) => of.state === 'connected').map((of) => of.id);
        expect(placements.every(({ bundles }) => bundles.every((at) => connected.includes(at.node)))).toBe(true);
        expect(placements.filter(({ kind }) => kind === 'job').length).toBeLessThanOrEqual(2);
      }),
    );
  });
  test('a gang of equal ranks without GPUs lies on as many nodes as can be, and with GPUs on as few', () => {
    fc.assert(
      fc.property(nodes, equalGangs, (view, demands) => {
        const first = demands[0];
        const placed = first === undefined ? undefined : run(view, [first]).placements[0];
        if (first === undefined || placed === undefined) return;
        const ranks = placed.bundles.length;
        const used = new Set(placed.bundles.map((at) => at.node)).size;
        const roomy = view.filter((of) => run([of], [demand('one', first.want.bundles.slice(0, 1))]).placements.length === 1);
        const whole = view.filter((of) => run([of], [first]).placements.length === 1);
        if (first.want.bundles[0]?.gpuMilli === 0) expect(used).toBe(Math.min(ranks, roomy.length));
        else if (whole.length === view.length) expect(used).toBe(1);
      }),
    );
  });
  test('what frees the needs of a gang of equal ranks lets it go on', () => {
    fc.assert(
      fc.property(nodes, equalGangs, (view, demands) => {
        const gang = demands[0];
        if (gang === undefined) return;
        const unblock = run(view, [gang]).explanations[0]?.unblock;
        if (unblock?.kind !== 'free' || gang.want.bundles.some((of) => of.gpuMilli > 0)) return;
        const freed = view.map((of): ViewNode => {
          const missing = unblock.needs.find((need) => need.node === of.id)?.missing;
          if (missing === undefined) return of;
          const { cpuMilli, memoryBytes } = of.available;
          return {
            ...of,
            available: { ...of.available, cpuMilli: cpuMilli + missing.cpuMilli, memoryBytes: memoryBytes + missing.memoryBytes },
          };
        });
        expect(run(freed, [gang]).placements).toHaveLength(1);
      }),
    );
  });
  test('what is called infeasible, of equal ranks, fits on no set of nodes even if all are empty and connected', () => {
    fc.assert(
      fc.property(nodes, equalGangs, (view, demands) => {
        const empty = view.map((of): ViewNode => ({ ...of, state: 'connected', available: wholeOf(of.capacity) }));
        for (const { demand: id, verdict } of run(view, demands, 2000).explanations) {
          const alone = demands.filter((of) => of.id === id);
          if (verdict === 'infeasible') expect(run(empty, alone).placements).toEqual([]);
        }
      }),
    );
  });
});

describe('many that ask for the same', () => {
  const same: Want = { kind: 'job', bundles: [ask(1)], needsEngine: null };
  const alike = (count: number, want: Want, more: Partial<Demand> = {}): Demand[] =>
    Array.from({ length: count }, (_, n) => ({ id: `d${String(n).padStart(5, '0')}`, want, priority: 50, since: n, ...more }));

  test.each([1, 3, 4, 5, 10_000])('%i of them get what there is, and one answer behind it', (count) => {
    const made = plan({ nodes: [node(1, 4)], runningJobs: 0 }, alike(count, same), { ...POLICY, maxParallelJobs: 99 }, 0);
    expect(made.placements.map((of) => of.demand)).toEqual(alike(Math.min(count, 4), same).map((of) => of.id));
    expect([...made.refusals.values()]).toEqual(count > 4 ? [{ kind: 'no-room' }] : []);
  });
  test('behind MAX_PARALLEL_JOBS they have one answer too', () => {
    const made = plan({ nodes: [node(1, 4)], runningJobs: 3 }, alike(10_000, same), POLICY, 0);
    expect([...made.refusals]).toEqual([[same, { kind: 'parallel-limit', running: 3, limit: 3 }]]);
  });
  test('the first that has waited its patience has room kept, whatever priority those before it have', () => {
    const big: Want = { ...same, kind: 'actor', bundles: [ask(4)] };
    const queue = [
      ...alike(5, big, { priority: 60, since: 999 }),
      { id: 'old', want: big, priority: 50, since: 0 },
      demand('small', [ask(1)], { since: 999 }),
    ];
    const made = run([node(1, 4, { free: 1 })], queue, 1000);
    expect(made.placements).toEqual([]);
    expect(made.explanations.at(-1)).toMatchObject({ demand: 'small', unblock: { kind: 'placed-before', demand: 'old' } });
  });
  test('a plan is cut after its most placements, and the next one goes on where it ended', () => {
    const want: Want = { ...same, kind: 'actor' };
    const policy = { ...POLICY, mostPlacements: 3 };
    const first = plan({ nodes: [node(1, 9)], runningJobs: 0 }, alike(5, want), policy, 0);
    expect([first.placements.length, first.isCut, first.refusals.size]).toEqual([3, true, 0]);
    const rest = alike(5, want).slice(3);
    const second = plan({ nodes: [node(1, 9, { free: 6 })], runningJobs: 0 }, rest, policy, 0);
    expect([second.placements.map((of) => of.demand), second.isCut]).toEqual([rest.map((of) => of.id), false]);
  });
  test('whatever they ask for, sharing the answer changes no placement', () => {
    fc.assert(
      fc.property(
        nodes,
        fc.array(bundle, { minLength: 1, maxLength: 3 }),
        fc.array(fc.nat({ max: 2 }), { maxLength: 20 }),
        (view, wants, picks) => {
          const shared = wants.map((of): Want => ({ kind: 'actor', bundles: [of], needsEngine: null }));
          const of = (pick: number): Want => shared[pick % shared.length] ?? same;
          const queue = picks.map((pick, i): Demand => ({ id: `d${i}`, want: of(pick), priority: 50, since: 0 }));
          const apart = queue.map((one): Demand => ({ ...one, want: { ...one.want } }));
          expect(run(view, queue, 0).placements).toEqual(run(view, apart, 0).placements);
        },
      ),
    );
  });
});

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
