export { memoryStore } from './memory-store.js';
export { smallDisk } from './small-disk.js';
export type { SmallDisk } from './small-disk.js';
