import type { NodeId, Resources } from '@trainer/model';
import type { BundlePlacement, Want } from './demand.js';
import { mayEverTake, takesNow } from './filters.js';
import { pack } from './policies/pack.js';
import { spread } from './policies/spread.js';
import type { BundlePolicy } from './policies/bundle-policy.js';
import { emptyRooms, grantFrom, less } from './room.js';
import type { Room, Rooms } from './room.js';

/**
 * Places the whole gang, or nothing. Greedy, the largest bundle first: exact where the bundles are equal, as ranks are; of
 * unequal ones it may miss a way that only a search would find.
 * @returns its places by rank; null where one bundle finds no node
 */
export function fit(want: Want, rooms: Rooms): readonly BundlePlacement[] | null {
  const takes = (room: Room, bundle: Resources): boolean => takesNow(room, { bundle, engine: want.needsEngine });
  return place(want, rooms, takes, policyOf(want));
}

/**
 * Where the gang would go on today's nodes if they were empty; those that are freest now come first.
 * @returns null: it fits on none of them, ever
 */
export function fitEmpty(want: Want, rooms: Rooms): readonly BundlePlacement[] | null {
  const takes = (room: Room, bundle: Resources): boolean =>
    mayEverTake(room.node, want.needsEngine) && grantFrom(room.free, bundle) !== null;
  return place(want, emptyRooms(rooms), takes, freestNow(policyOf(want), rooms));
}

/** Ranks spread by default, and pack where they hold GPUs (design.md section 3). */
function policyOf(want: Want): BundlePolicy {
  return want.bundles.some((bundle) => bundle.gpuMilli > 0) ? pack : spread;
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

function place(
  want: Want,
  before: Rooms,
  takes: (room: Room, bundle: Resources) => boolean,
  policy: BundlePolicy,
): readonly BundlePlacement[] | null {
  /** The nodes that this gang has taken something of; the others are as they were. */
  const touched = new Map<NodeId, Room>();
  const placed: BundlePlacement[] = [];
  for (const { bundle, index } of largestFirst(want.bundles)) {
    const candidates: Room[] = [];
    for (const untouched of before.values()) {
      const room = touched.get(untouched.node.id) ?? untouched;
      if (takes(room, bundle)) candidates.push(room);
    }
    const room = policy(candidates);
    const grant = room && grantFrom(room.free, bundle);
    if (!room || !grant) return null;
    touched.set(room.node.id, { node: room.node, free: less(room.free, grant), taken: room.taken + 1 });
    placed.push({ bundle: index, node: room.node.id, incarnation: room.node.incarnation, grant });
  }
  return placed.sort((a, b) => a.bundle - b.bundle);
}

/** Large bundles find fewer nodes, so they choose first; equal ones keep their order. */
function largestFirst(bundles: readonly Resources[]): { bundle: Resources; index: number }[] {
  return bundles.map((bundle, index) => ({ bundle, index })).sort((a, b) => compareSize(b.bundle, a.bundle) || a.index - b.index);
}

/** Scarce things first. */
function compareSize(a: Resources, b: Resources): number {
  return a.gpuMilli - b.gpuMilli || a.cpuMilli - b.cpuMilli || a.memoryBytes - b.memoryBytes;
}

/** The bundle that is hardest to place. @throws never; a want has a bundle */
export function largestBundle(want: Want): Resources {
  return largestFirst(want.bundles)[0]?.bundle ?? { cpuMilli: 0, memoryBytes: 0, gpuMilli: 0 };
}
