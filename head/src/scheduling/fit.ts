import type { NodeId, Resources } from '@trainer/model';
import type { BundlePlacement, Demand } from './demand.js';
import { mayEverTake, takesNow } from './filters.js';
import { pack } from './policies/pack.js';
import { spread } from './policies/spread.js';
import type { BundlePolicy } from './policies/bundle-policy.js';
import { emptyRooms, grantFrom, less } from './room.js';
import type { Room, Rooms } from './room.js';

/** A whole gang in its places, and the rooms without what it holds. */
export interface Fit {
  readonly bundles: readonly BundlePlacement[];
  readonly rooms: Rooms;
}

/**
 * Places the whole gang, or nothing. Greedy, the largest bundle first: exact where the bundles are equal, as ranks are; of
 * unequal ones it may miss a way that only a search would find.
 * @returns null where one bundle finds no node
 */
export function fit(demand: Demand, rooms: Rooms): Fit | null {
  const takes = (room: Room, bundle: Resources): boolean => takesNow(room, { bundle, engine: demand.needsEngine });
  return place(demand, rooms, takes, policyOf(demand));
}

/**
 * Where the gang would go on today's nodes if they were empty; those that are freest now come first.
 * @returns null: it fits on none of them, ever
 */
export function fitEmpty(demand: Demand, rooms: Rooms): Fit | null {
  const takes = (room: Room, bundle: Resources): boolean =>
    mayEverTake(room.node, demand.needsEngine) && grantFrom(room.free, bundle) !== null;
  return place(demand, emptyRooms(rooms), takes, freestNow(policyOf(demand), rooms));
}

/** Ranks spread by default, and pack where they hold GPUs (design.md section 3). */
function policyOf(demand: Demand): BundlePolicy {
  return demand.bundles.some((bundle) => bundle.gpuMilli > 0) ? pack : spread;
}

/** Among empty nodes the load of today decides: the policy sees each room as it is now. */
function freestNow(policy: BundlePolicy, rooms: Rooms): BundlePolicy {
  return (candidates) => {
    const asNow = candidates.map((room) => ({ ...room, free: rooms.get(room.node.id)?.free ?? room.free }));
    const chosen = policy === pack ? spread(mostTaken(asNow)) : policy(asNow);
    return candidates.find((room) => room.node.id === chosen?.node.id) ?? null;
  };
}

function mostTaken(rooms: readonly Room[]): readonly Room[] {
  const most = Math.max(0, ...rooms.map((room) => room.taken));
  return rooms.filter((room) => room.taken === most);
}

function place(demand: Demand, before: Rooms, takes: (room: Room, bundle: Resources) => boolean, policy: BundlePolicy): Fit | null {
  const rooms = new Map<NodeId, Room>([...before].map(([id, room]) => [id, { ...room, taken: 0 }]));
  const placed: BundlePlacement[] = [];
  for (const { bundle, index } of largestFirst(demand.bundles)) {
    const room = policy([...rooms.values()].filter((candidate) => takes(candidate, bundle)));
    const grant = room && grantFrom(room.free, bundle);
    if (!room || !grant) return null;
    rooms.set(room.node.id, { node: room.node, free: less(room.free, grant), taken: room.taken + 1 });
    placed.push({ bundle: index, node: room.node.id, incarnation: room.node.incarnation, grant });
  }
  return { bundles: placed.sort((a, b) => a.bundle - b.bundle), rooms };
}

/** Large bundles find fewer nodes, so they choose first; equal ones keep their order. */
function largestFirst(bundles: readonly Resources[]): { bundle: Resources; index: number }[] {
  return bundles.map((bundle, index) => ({ bundle, index })).sort((a, b) => compareSize(b.bundle, a.bundle) || a.index - b.index);
}

/** Scarce things first. */
function compareSize(a: Resources, b: Resources): number {
  return a.gpuMilli - b.gpuMilli || a.cpuMilli - b.cpuMilli || a.memoryBytes - b.memoryBytes;
}

/** The bundle that is hardest to place. @throws never; a demand has a bundle */
export function largestBundle(demand: Demand): Resources {
  return largestFirst(demand.bundles)[0]?.bundle ?? { cpuMilli: 0, memoryBytes: 0, gpuMilli: 0 };
}
