/** The workspace's door: the gateway and the command line speak to the head through it. */
export { connectHead } from './rpc/connect-head.js';
export { connectTo } from './cluster/connect.js';
export type { Cluster } from './cluster/connect.js';
export { installedActor } from './actor-spec.js';
export type { ActorHandle } from './cluster/handle.js';
export type { Actors } from './cluster/actors.js';
export { CLUSTER_FILE, readClusterFile } from './cluster/cluster-file.js';
export type { ClusterFile } from './cluster/cluster-file.js';
export { findCluster, homeFolder } from './cluster/find-cluster.js';
export type { ClusterHints, Surroundings } from './cluster/find-cluster.js';
export type {
  ActorListing,
  ClusterStatus,
  HeadAddress,
  HeadConnection,
  JobFilter,
  JobPage,
  JobProgress,
  Jobs,
  LogLine,
  ModelPage,
  Nodes,
  TrainingRequest,
} from './head/head-door.js';
export type { StoredCheckpoint } from '@trainer/model';
