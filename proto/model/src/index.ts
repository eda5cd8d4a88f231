export { actorNameProblem } from './actor-names.js';
export { LIMITS } from './limits.js';
export { DATE_PARTS, MAX_ONE_HOT_LEVELS } from './data/encoding.js';
export {
  afterLineEnd,
  copyValue,
  isBlankLine,
  lineEndsBefore,
  OPEN_QUOTE,
  recordEnd,
  recordStart,
  recordValueCount,
  recordValues,
  valueEnd,
} from './data/records.js';
export { sniff, SNIFFED_BYTES } from './data/sniff.js';
export { COMMA, CR, LF, MINUS, NUL, PLUS, POINT, QUOTE, SPACE, TAB, ZERO } from './data/text-bytes.js';
export { recordsOf, SEPARATORS, separatorOf, textSample } from './data/text-sample.js';
export type { TextSample } from './data/text-sample.js';
export type { Sniffed } from './data/sniff.js';
export { TrainerError, InvalidRequestError, NotFoundError, toErrorData, fromErrorData, isTrainerError, boundedError } from './errors.js';
export type { ErrorCode, ErrorData, ErrorFacts, Issue, Retry } from './errors.js';
export { isLessBetter, LEADING_METRICS } from './experiments.js';
export type { Experiment } from './experiments.js';
export {
  actorId,
  bundleHash,
  compareLeases,
  headId,
  InvalidIdError,
  jobId,
  leaseId,
  leaseNumber,
  makeLeaseId,
  nodeId,
  sessionId,
  streamId,
} from './ids.js';
export type { ActorId, BundleHash, HeadId, JobId, LeaseId, LeaseNumber, NodeId, SessionId, StreamId } from './ids.js';
export { available, InvalidQuantityError, toBytes, toGpuMilli, toMilli } from './resources.js';
export type { Bytes, Capacity, GpuDevice, GpuShare, Grant, Milli, Millis, Resources } from './resources.js';
export { describeCause, inShort, isFromOutside, MAX_LAST_ERROR_BYTES, MAX_WHY_CHARS, short } from './causes.js';
export type { DeathCause, LastError, RemoteFailure } from './causes.js';
export { describeEnd, describeRankEnd, MOST_ATTEMPTS, withAttempt } from './attempts.js';
export type { Attempt, AttemptEnd, Blame } from './attempts.js';
export { isFinalLease, LEASE_TRANSITIONS } from './leases.js';
export type { AgentLeaseState, Lease, LeaseHolder, LeaseState } from './leases.js';
export {
  ACTOR_STATES_BUCKET,
  ACTOR_TRANSITIONS,
  actorArgsKey,
  actorOfKey,
  actorStateKey,
  actorStatesPrefix,
  INLINE_ARGS_BYTES,
  INLINE_STATE_BYTES,
  MAX_ARGS_BYTES,
  windowCost,
  MOST_DEATHS,
  parseActorStateKey,
  withDeath,
} from './actors.js';
export type {
  Actor,
  ActorArgs,
  ActorClassRef,
  StoredArgs,
  ActorSpec,
  ActorState,
  ActorStateName,
  ActorView,
  Death,
  SavedState,
} from './actors.js';
export type { NodeState, NodeView } from './nodes.js';
export { isFinalStatus, STATUSES } from './jobs.js';
export type {
  Begin,
  Checkpoint,
  EpochMetrics,
  FileRole,
  Job,
  JobEvent,
  JobPhase,
  JobStatus,
  Metric,
  Model,
  RankReport,
  SignatureColumn,
  StoredCheckpoint,
  StoredFile,
  TrainingAssignment,
  TrainingResult,
} from './jobs.js';
export { PROFILE_LIMITS, PROFILER_CLASS, PROFILER_MODULE } from './profile.js';
export type { ColumnProfile, DatasetProfile, PlanKind, ProfileAnswer, Profiler, ProfileRequest, TargetProfile } from './profile.js';
export { dataIdProblem, hasClasses, hasTarget, TASK_TYPES, TRAIN_LIMITS } from './train-request.js';
export type { HyperparameterValues, SentTrainRequest, TaskType, TrainRequest } from './train-request.js';
export {
  excludedColumnsProblem,
  hyperparametersProblem,
  isHyperparameterShape,
  requestProblem,
  tagsProblem,
  warningsProblem,
} from './train-bounds.js';
export { travelBytes } from './travel-bytes.js';
export { CATALOG, catalogEntry, nearestNames } from './catalog/catalog.js';
export type { CatalogEntry, ModelFamily } from './catalog/catalog.js';
export type { Conflict, LearnerWants, ModelDescription, ModelLimits, ModelParameters, TableShape } from './catalog/description.js';
export type { Parameter, ParameterSchema, ParameterValue } from './catalog/parameters.js';
export { checkHyperparameters } from './catalog/check-parameters.js';
export type { CheckedHyperparameters } from './catalog/check-parameters.js';
export type { Clock, Timer } from './clock.js';
export { PROTOCOL } from './agent-link.js';
export type {
  AgentCommand,
  EngineState,
  Fact,
  FactBody,
  FromAgent,
  HeldLease,
  Hello,
  LeaseVerdict,
  PlaceReply,
  PlaceRequest,
  ProtocolVersion,
  RefusalReason,
  RefusedFact,
  ActorStart,
  StartSpec,
  ToAgent,
} from './agent-link.js';
export { isTokenScope, mayDo, MOST_TOKENS, TOKEN_SCOPES } from './tokens.js';
export type { Token, TokenScope } from './tokens.js';
export { accessOf } from './signed-request.js';
export type { SignedRequest } from './signed-request.js';
export { ACTOR_SAYS_FD, AGENT_SAYS_FD, MAX_SIGNING, MAX_WAITING_REPORTS } from './actor-process.js';
export type { DatasetCacheRoom, FromActorProcess, ProcessStart, ToActorProcess } from './actor-process.js';
