import { load } from '../room.js';
import type { Room } from '../room.js';
import type { BundlePolicy } from './bundle-policy.js';

/** As many nodes as can be: where the gang is least, then the least loaded, ties by id. A lost node then takes one rank. */
export const spread: BundlePolicy = (candidates) => {
  let best: Room | null = null;
  for (const room of candidates) {
    if (!best || isBefore(room, best)) best = room;
  }
  return best;
};

function isBefore(a: Room, b: Room): boolean {
  const order = a.taken - b.taken || load(a) - load(b);
  return order === 0 ? a.node.id < b.node.id : order < 0;
}
