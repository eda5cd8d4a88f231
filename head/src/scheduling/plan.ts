import type { Millis } from '@trainer/model';
import type { ClusterView, Demand, Placement, Plan, Policy } from './demand.js';
import { explain } from './explain.js';
import type { Obstacle } from './explain.js';
import type { Explanation } from './explanation.js';
import { fit, fitEmpty } from './fit.js';
import { connectedRooms, keepFrom, less, roomsOf } from './room.js';
import type { Rooms } from './room.js';

/**
 * What should run where. Pure: equal arguments give the equal plan, in whatever order the nodes are listed.
 *
 * P1. No node is over its capacity, no share of a GPU straddles devices.
 * P2. A gang is placed whole or not at all.
 * P3. Order: priority, then age, then id. Who does not fit is passed by those after it, until it has waited
 *     `policy.patienceMs`; then what it needs is kept for it.
 * P4. At most `policy.maxParallelJobs` jobs hold leases.
 * P5. Every demand is placed or explained.
 */
export function plan(view: ClusterView, queue: readonly Demand[], policy: Policy, now: Millis): Plan {
  const draft = new Draft(view, policy, now);
  for (const demand of [...queue].sort(byTurn)) draft.take(demand);
  return { placements: draft.placements, explanations: draft.explanations };
}

/** The order in which demands are looked at. */
function byTurn(a: Demand, b: Demand): number {
  return b.priority - a.priority || a.since - b.since || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** One plan in the making; lives for one call of `plan`. */
class Draft {
  readonly placements: Placement[] = [];
  readonly explanations: Explanation[] = [];
  /** What may be used, and what is there if nothing were kept. */
  #usable: Rooms;
  #free: Rooms;
  #keptFor: string | null = null;
  #jobs: number;
  /** Within a plan room only shrinks, so what did not fit once need not be tried again. */
  readonly #failed = new Map<string, Explanation>();

  constructor(
    view: ClusterView,
    private readonly policy: Policy,
    private readonly now: Millis,
  ) {
    const nodes = [...view.nodes].sort((a, b) => (a.id < b.id ? -1 : 1));
    this.#usable = roomsOf(nodes);
    this.#free = this.#usable;
    this.#jobs = view.runningJobs;
  }

  take(demand: Demand): void {
    if (demand.kind === 'job' && this.#jobs >= this.policy.maxParallelJobs) {
      this.#explain(demand, { kind: 'parallel-limit', running: this.#jobs, limit: this.policy.maxParallelJobs });
      return;
    }
    const shape = shapeOf(demand);
    const places = this.#failed.has(shape) ? null : fit(demand, this.#usable);
    if (places) {
      this.#usable = places.rooms;
      this.#free = this.#keptFor === null ? places.rooms : withGrants(this.#free, places.bundles);
      this.#jobs += demand.kind === 'job' ? 1 : 0;
      this.placements.push({ demand: demand.id, kind: demand.kind, bundles: places.bundles });
      return;
    }
    this.#refuse(demand, shape);
  }

  #refuse(demand: Demand, shape: string): void {
    const known = this.#failed.get(shape);
    if (known) {
      this.explanations.push({ ...known, demand: demand.id, ahead: this.explanations.length });
    } else {
      const isKept = this.#keptFor !== null && fit(demand, this.#free) !== null;
      const explanation = this.#explain(
        demand,
        isKept && this.#keptFor !== null ? { kind: 'kept', forDemand: this.#keptFor } : { kind: 'no-room' },
      );
      this.#failed.set(shape, explanation);
    }
    if (this.now - demand.since >= this.policy.patienceMs) this.#keep(demand);
  }

  /** From now on nobody later gets what this demand waits for, on the nodes where it would lie. */
  #keep(demand: Demand): void {
    const places = fitEmpty(demand, connectedRooms(this.#free));
    if (!places) return;
    const rooms = new Map(this.#usable);
    for (const place of places.bundles) {
      const room = rooms.get(place.node);
      const bundle = demand.bundles[place.bundle];
      if (room && bundle) rooms.set(place.node, { ...room, free: keepFrom(room.free, bundle) });
    }
    this.#usable = rooms;
    this.#keptFor ??= demand.id;
  }

  #explain(demand: Demand, obstacle: Obstacle): Explanation {
    const explanation = { ...explain(demand, this.#free, obstacle), ahead: this.explanations.length };
    this.explanations.push(explanation);
    return explanation;
  }
}

function withGrants(rooms: Rooms, bundles: Placement['bundles']): Rooms {
  const next = new Map(rooms);
  for (const { node, grant } of bundles) {
    const room = next.get(node);
    if (room) next.set(node, { ...room, free: less(room.free, grant) });
  }
  return next;
}

/** Demands of one shape fit in the same places. */
function shapeOf(demand: Demand): string {
  const bundles = demand.bundles.map((bundle) => `${bundle.cpuMilli},${bundle.memoryBytes},${bundle.gpuMilli}`);
  return `${demand.kind}|${demand.needsEngine ?? ''}|${bundles.join(';')}`;
}
