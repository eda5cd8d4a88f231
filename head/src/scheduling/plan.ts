import type { Millis, NodeId } from '@trainer/model';
import type { ClusterView, Demand, Obstacle, Placement, Policy, Want } from './demand.js';
import { fit, fitEmpty, largestBundle } from './fit.js';
import { connectedRooms, isOpen, keepFrom, less, roomsOf } from './room.js';
import type { Room, Rooms } from './room.js';

/** A proposal made on a view: the agents check it again. */
export interface Plan {
  readonly placements: readonly Placement[];
  /** Of every demand that is not placed, unless the plan is cut: one answer a want, as all that ask for the same wait for the same. */
  readonly refusals: ReadonlyMap<Want, Obstacle>;
  /** What the placements leave of the nodes. */
  readonly rooms: Rooms;
  /** It has `policy.mostPlacements`: what comes after them was not looked at. */
  readonly isCut: boolean;
}

/**
 * What should run where. Pure: equal arguments give the equal plan, in whatever order the nodes are listed.
 *
 * P1. No node is over its capacity, no share of a GPU straddles devices.
 * P2. A gang is placed whole or not at all.
 * P3. Order: priority, then age, then id. Who does not fit is passed by those after it, until one that asks for the same has waited
 *     `policy.patienceMs`; then what it needs is kept for the first of them.
 * P4. At most `policy.maxParallelJobs` jobs hold leases.
 * P5. Every demand is placed, or what it wants is refused; unless `policy.mostPlacements` are placed before it.
 * P6. A want that did not fit is not tried again: within a plan room only shrinks. So 10,000 demands that ask for the same cost one try.
 */
export function plan(view: ClusterView, queue: readonly Demand[], policy: Policy, now: Millis): Plan {
  const draft = new Draft(view, policy, now);
  for (const demand of [...queue].sort(byTurn)) {
    if (draft.isFull) break;
    draft.take(demand);
  }
  return { placements: draft.placements, refusals: draft.refusals, rooms: draft.rooms, isCut: draft.isFull };
}

/** The order in which demands are looked at. */
export function byTurn(a: Demand, b: Demand): number {
  return b.priority - a.priority || a.since - b.since || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** One plan in the making; lives for one call of `plan`. */
class Draft {
  readonly placements: Placement[] = [];
  readonly refusals = new Map<Want, Obstacle>();
  /** What may be used, and what is there if nothing were kept: one map until something is kept. */
  readonly #free: Map<NodeId, Room>;
  #usable: Map<NodeId, Room>;
  #keptFor: string | null = null;
  readonly #hasKept = new Set<Want>();
  #jobs: number;
  /** No usable room has more than this; null: to be found anew. */
  #most: { readonly cpuMilli: number; readonly memoryBytes: number } | null = null;

  constructor(
    view: ClusterView,
    private readonly policy: Policy,
    private readonly now: Millis,
  ) {
    const nodes = [...view.nodes].sort((a, b) => (a.id < b.id ? -1 : 1));
    this.#free = new Map(roomsOf(nodes));
    this.#usable = this.#free;
    this.#jobs = view.runningJobs;
  }

  get isFull(): boolean {
    return this.placements.length >= this.policy.mostPlacements;
  }

  get rooms(): Rooms {
    return this.#free;
  }

  take(demand: Demand): void {
    const { want } = demand;
    if (want.kind === 'job' && this.#jobs >= this.policy.maxParallelJobs) {
      if (!this.refusals.has(want))
        this.refusals.set(want, { kind: 'parallel-limit', running: this.#jobs, limit: this.policy.maxParallelJobs });
      return;
    }
    const bundles = this.refusals.has(want) || this.#isHopeless(want) ? null : fit(want, this.#usable);
    if (bundles === null) {
      this.#refuse(demand);
      return;
    }
    this.#jobs += want.kind === 'job' ? 1 : 0;
    this.#grant(this.#usable, bundles);
    if (this.#usable !== this.#free) this.#grant(this.#free, bundles);
    this.placements.push({ demand: demand.id, kind: want.kind, bundles });
  }

  /** Is there no node with enough of one thing? So the many wants of a full cluster cost next to nothing. */
  #isHopeless(want: Want): boolean {
    this.#most ??= mostOf(this.#usable);
    const most = this.#most;
    const { cpuMilli, memoryBytes } = want.bundles.length === 1 ? (want.bundles[0] ?? largestBundle(want)) : largestBundle(want);
    return cpuMilli > most.cpuMilli || memoryBytes > most.memoryBytes;
  }

  #grant(rooms: Map<NodeId, Room>, bundles: Placement['bundles']): void {
    this.#most = null;
    for (const { node, grant } of bundles) {
      const room = rooms.get(node);
      if (room) rooms.set(node, { ...room, free: less(room.free, grant) });
    }
  }

  #refuse({ id, want, since }: Demand): void {
    if (!this.refusals.has(want)) {
      const isKept = this.#keptFor !== null && fit(want, this.#free) !== null;
      this.refusals.set(want, isKept && this.#keptFor !== null ? { kind: 'kept', forDemand: this.#keptFor } : { kind: 'no-room' });
    }
    if (this.now - since >= this.policy.patienceMs && !this.#hasKept.has(want)) this.#keep(id, want);
  }

  /** From now on nobody later gets what this demand waits for, on the nodes where it would lie. */
  #keep(id: string, want: Want): void {
    this.#hasKept.add(want);
    const bundles = fitEmpty(want, connectedRooms(this.#free));
    if (!bundles) return;
    if (this.#usable === this.#free) this.#usable = new Map(this.#free);
    this.#most = null;
    for (const place of bundles) {
      const room = this.#usable.get(place.node);
      const bundle = want.bundles[place.bundle];
      if (room && bundle) this.#usable.set(place.node, { ...room, free: keepFrom(room.free, bundle) });
    }
    this.#keptFor ??= id;
  }
}

function mostOf(rooms: Rooms): { readonly cpuMilli: number; readonly memoryBytes: number } {
  let cpuMilli = 0;
  let memoryBytes = 0;
  for (const { node, free } of rooms.values()) {
    if (!isOpen(node)) continue;
    cpuMilli = Math.max(cpuMilli, free.cpuMilli);
    memoryBytes = Math.max(memoryBytes, free.memoryBytes);
  }
  return { cpuMilli, memoryBytes };
}
