export { processEntry } from './process-entry.js';
export type { RankContext, SystemActor, SystemActorClass } from './rank/rank-context.js';
