import { load } from '../room.js';
import type { Room } from '../room.js';
import type { BundlePolicy } from './bundle-policy.js';

/** As few nodes as can be: where the gang already is, then the most loaded, ties by id. For ranks with GPUs, which talk much. */
export const pack: BundlePolicy = (candidates) => {
  let best: Room | null = null;
  for (const room of candidates) {
    if (!best || isBefore(room, best)) best = room;
  }
  return best;
};

function isBefore(a: Room, b: Room): boolean {
  const order = b.taken - a.taken || load(b) - load(a);
  return order === 0 ? a.node.id < b.node.id : order < 0;
}
