export type { RankContext, SystemActor, SystemActorClass } from './rank/rank-context.js';
