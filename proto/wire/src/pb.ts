/** The generated messages as types, for services and their clients; codecs turn them into the model's. */
export type {
  ActorView, Answer, AnswerBatch, BundleChunk, BundleRef, Call, CallBatch, CallerHello, ClusterStatus, CreateActorRequest, Credit,
  FromSession, GetActorRequest, HasBundleReply, KillActorRequest, ListActorsReply, ListActorsRequest, LogLine, LogsRequest, NodeView,
  SessionHello, SessionWelcome, ToSession,
} from './gen/trainer/v1/actors.js';
export type { FromAgent, ToAgent } from './gen/trainer/v1/agent.js';
export type { Error, Nothing, ProtocolVersion, RemoteFailure } from './gen/trainer/v1/common.js';
export type {
  CancelRequest, EpochMetrics, EventsRequest, Job, JobEvent, JobRef, ListJobsReply, ListJobsRequest, ListModelsReply, ListModelsRequest,
  Model, ProgressReply, ProgressRequest, StoredCheckpoint, SubmitRequest, TrainRequest,
} from './gen/trainer/v1/jobs.js';
