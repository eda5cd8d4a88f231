export { actor } from './actor-spec.js';
export type { ActorSpec, CallsOf, StreamsOf } from './actor-spec.js';
export { connect } from './cluster/connect.js';
export type { Cluster } from './cluster/connect.js';
export type { Actors } from './cluster/actors.js';
export type { ClusterHints } from './cluster/find-cluster.js';
export type { ActorHandle } from './cluster/handle.js';
export type { CallOptions, CreateOptions, GetOptions } from './cluster/options.js';
export type {
  ActorListing,
  ClusterStatus,
  JobFilter,
  JobPage,
  JobProgress,
  Jobs,
  ModelPage,
  Nodes,
  TrainingRequest,
} from './head/head-door.js';
export {
  ActorDiedError,
  ActorNotFoundError,
  BundleError,
  CallCancelledError,
  CallTimeoutError,
  ClusterUnavailableError,
  InfeasibleError,
  NameTakenError,
  PlacementTimeoutError,
  RemoteError,
  UnauthenticatedError,
  VersionError,
} from './errors.js';
export type { Outcome } from './errors.js';
export { NotTransferableError, ValueTooLargeError } from '@trainer/wire';
export { InvalidRequestError, TrainerError } from '@trainer/model';
export type {
  ActorState,
  Death,
  DeathCause,
  EpochMetrics,
  ErrorFacts,
  Issue,
  Job,
  JobEvent,
  JobPhase,
  JobStatus,
  Metric,
  Model,
  NodeState,
  NodeView,
  RemoteFailure,
  Resources,
  Retry,
  StoredCheckpoint,
  StoredFile,
  TaskType,
  TrainRequest,
} from '@trainer/model';
