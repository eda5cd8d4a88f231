/** The door for the runtime of actors, which call actors as programs do: over links of their own, found through the head. */
import { InvalidRequestError, TrainerError } from '@trainer/model';
import { NotTransferableError, ValueTooLargeError } from '@trainer/wire';
import {
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

export { Handles } from './cluster/handles.js';
export type { HandlesParts } from './cluster/handles.js';
export { ActorLink } from './calls/actor-link.js';
export type { ActorLocation, CallTarget, LinkPorts } from './calls/actor-search.js';
export type { CallAnswer, CallStream, CallStreamEvents, OutgoingBatch } from './calls/call-stream.js';
export { PendingCall } from './calls/pending-call.js';
export type { AnswerSink } from './calls/pending-call.js';
export { ActorsRpc } from './rpc/actors-rpc.js';
export { openGrpcCallStream } from './rpc/grpc-call-stream.js';
export { HeadRpc } from './rpc/head-rpc.js';
export { SHARED_ERRORS } from './bundle/stub.js';

/** The classes of the errors with which calls reject, by the names under which the client exports them. */
export const ERROR_CLASSES = {
  ActorDiedError,
  ActorNotFoundError,
  BundleError,
  CallCancelledError,
  CallTimeoutError,
  ClusterUnavailableError,
  InfeasibleError,
  InvalidRequestError,
  NameTakenError,
  NotTransferableError,
  PlacementTimeoutError,
  RemoteError,
  TrainerError,
  UnauthenticatedError,
  ValueTooLargeError,
  VersionError,
} as const;
