/** For the simulation of the whole cluster in `test`: an agent's parts, to be joined with simulated ports. */
export type { FactDisk } from './facts/fact-disk.js';
export { Outbox } from './facts/outbox.js';
export type { OnDone } from './facts/outbox.js';
export { LeaseKeeper } from './leases/lease-keeper.js';
export type { Launch } from './leases/lease-keeper.js';
export { emptyLedger, heldGrants } from './ledger/ledger.js';
export { HeadLink } from './link/head-link.js';
export type { HeadStream, HeadStreamEvents } from './link/head-stream.js';
export { linkOwner } from './link/link-owner.js';
export { servePlacement } from './placement/serve-placement.js';
export { HeadAddresses } from './rpc/head-addresses.js';
export { actorChannel, CHANNEL_PIPES } from './processes/actor-channel.js';
export { SupervisedActor } from './processes/supervised-actor.js';
export type { ActorChild, SupervisionEvents } from './processes/supervision.js';
export { ActorWatch } from './processes/watch.js';
export { timing } from './timing.js';
export type { Timing } from './timing.js';
