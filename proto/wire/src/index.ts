import type * as pb from './pb.js';

/** Types of the generated messages, as `pb.CallBatch`. */
export type { pb };
export { decodeFact, decodeFromAgent, decodeToAgent, encodeFact, encodeFromAgent, encodeToAgent } from './agent-link.codec.js';
export { checkAnswers, checkRequest } from './bounds/check-request.js';
export { decodeArgsRef, encodeArgsRef } from './args.codec.js';
export type { ArgsOf } from './args.codec.js';
export { decodeFromActorProcess, encodeFromActorProcess, MAX_FROM_ACTOR_BYTES } from './actor-process.codec.js';
export {
  decodePlaceReply,
  decodePlaceRequest,
  decodeStartSpec,
  encodePlaceReply,
  encodePlaceRequest,
  encodeStartSpec,
} from './placement.codec.js';
export {
  decodeActorView,
  decodeCreateActor,
  decodeLogLineBytes,
  decodeNodeView,
  encodeActorView,
  encodeCreateActor,
  encodeLogLineBytes,
  encodeNodeView,
} from './actors.codec.js';
export type { CreateActor, LogLine } from './actors.codec.js';
export {
  decodeCapacity,
  decodeClassRef,
  decodeDeathCause,
  decodeErrorData,
  decodeGrant,
  decodeProtocol,
  decodeRemoteFailure,
  decodeResources,
  encodeCapacity,
  encodeClassRef,
  encodeDeathCause,
  encodeErrorData,
  encodeGrant,
  encodeProtocol,
  encodeRemoteFailure,
  encodeResources,
} from './common.codec.js';
export {
  decodeJob,
  decodeJobEvent,
  decodeJobNewsBytes,
  decodeModel,
  encodeJob,
  encodeJobEvent,
  encodeJobEventBytes,
  encodeJobEventNumberBytes,
  encodeModel,
  jobStatusCodec,
  decodeExperiment,
  encodeExperiment,
} from './jobs.codec.js';
export type { JobNews } from './jobs.codec.js';
export {
  decodeCheckpoint,
  decodeEpochMetrics,
  decodeRankReport,
  decodeStoredCheckpoint,
  decodeTrainingResult,
  encodeCheckpoint,
  encodeEpochMetrics,
  encodeRankReport,
  encodeStoredCheckpoint,
  encodeTrainingResult,
} from './reports.codec.js';
export { decodeAssignment, decodeSentRequest, encodeAssignment, encodeSentRequest } from './requests.codec.js';
export type { EnumCodec } from './enum-codec.js';
export { NotTransferableError, ValueTooLargeError, WireFormatError } from './errors.js';
export type { FieldPath } from './errors.js';
export { plainFacts } from './facts.js';
export { clippedText, clippedToBytes, describeThrown } from './thrown.js';
export { HALF_A_PAIR } from './value-writer.js';
export { decodeValue, encodeValue, MAX_VALUE_BYTES } from './values.js';
export type { EncodeOptions, HandleData, HandleHook } from './values.js';
export { jobEventsSubject, logSubject, placeSubject } from './subjects.js';
export { errorToStatus, statusToError } from './status.js';
export type { ErrorStatus } from './status.js';
export {
  ActorCallsClient,
  ActorCallsService,
  ActorServiceClient,
  ActorServiceService,
  BundleServiceClient,
  BundleServiceService,
  ClusterServiceClient,
  ClusterServiceService,
  SessionServiceClient,
  SessionServiceService,
} from './gen/trainer/v1/actors.js';
export type {
  ActorCallsServer,
  ActorServiceServer,
  BundleServiceServer,
  ClusterServiceServer,
  SessionServiceServer,
} from './gen/trainer/v1/actors.js';
export { TokenServiceClient, TokenServiceService } from './gen/trainer/v1/tokens.js';
export type { TokenServiceServer } from './gen/trainer/v1/tokens.js';
export { decodeToken, encodeToken } from './tokens.codec.js';
export { AgentServiceClient, AgentServiceService } from './gen/trainer/v1/agent.js';
export type { AgentServiceServer } from './gen/trainer/v1/agent.js';
export { JobServiceClient, JobServiceService } from './gen/trainer/v1/jobs.js';
export type { JobServiceServer } from './gen/trainer/v1/jobs.js';
export { decodeLogText, encodeLogText, logObjectKey, logObjectPrefix } from './logs.js';
