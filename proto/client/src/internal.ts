/** The workspace's door: the gateway and the command line speak to the head through it, without a session. */
export type {
  ActorListing, ClusterStatus, HeadAddress, HeadConnection, JobFilter, JobPage, JobProgress, Jobs, LogLine, ModelPage, Nodes, StoredCheckpoint,
  TrainingRequest,
} from './head/head-door.js';
