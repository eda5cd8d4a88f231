/** For tests of other packages: time that stands still, chance that repeats itself, and NATS in memory. */
export { manualClock } from './manual-clock.js';
export type { ManualClock } from './manual-clock.js';
export { MemoryBroker } from './memory-messages.js';
export { seededRandom } from './seeded-random.js';
