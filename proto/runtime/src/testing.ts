/** For tests of other packages: time that stands still, and NATS in memory. */
export { manualClock } from './manual-clock.js';
export type { ManualClock } from './manual-clock.js';
export { MemoryBroker } from './memory-messages.js';
