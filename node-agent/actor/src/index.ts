export type { BlockingOperations, Collective, Gang, Numbers, Reduction, ThreadCollective } from './collectives/collective.js';
export { loneGang } from './collectives/lone-gang.js';
export { PeerListener } from './collectives/peer-listener.js';
export type { Membership, PeerListenerOptions } from './collectives/peer-listener.js';
export { GANG_SETTINGS } from './collectives/settings.js';
export type { GangSettings } from './collectives/settings.js';
export { serveCollective, threadCollective } from './collectives/thread-gang.js';
export type { InstalledContext } from './loading/installed-context.js';
export type { Rank, RankClass, RankContext, RankNetwork } from './rank/rank-context.js';
