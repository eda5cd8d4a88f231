import type { Room } from '../room.js';

/**
 * Chooses the node of one bundle among those where it fits.
 * @param candidates at least one; every one has room
 */
export type BundlePolicy = (candidates: readonly Room[]) => Room | null;
