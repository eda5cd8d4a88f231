/** Arbitraries of fast-check for the model's types, for property tests of any package. */
export { anyFromActorProcess } from './actor-process.arbitrary.js';
export { anyActorSpec, anyActorState, anyActorView, anyNodeView } from './actors.arbitrary.js';
export {
  anyCommand,
  anyFact,
  anyFactBody,
  anyFromAgent,
  anyHello,
  anyPlaceReply,
  anyPlaceRequest,
  anyStartSpec,
  anyToAgent,
} from './agent-link.arbitrary.js';
export {
  anyActorId,
  anyBundleHash,
  anyCapacity,
  anyClassRef,
  anyCount,
  anyDeathCause,
  anyErrorData,
  anyGrant,
  anyHolder,
  anyJobId,
  anyLarge,
  anyLeaseId,
  anyNodeId,
  anyOrNull,
  anyRemoteFailure,
  anyResources,
  anySessionId,
  anyStreamId,
} from './common.arbitrary.js';
export {
  anyAssignment,
  anyCheckpoint,
  anyEpochMetrics,
  anyJob,
  anyJobEvent,
  anyMetric,
  anyModel,
  anyRankReport,
  anySentRequest,
  anyStoredCheckpoint,
  anyStoredFile,
  anyTrainingResult,
  anyTrainRequest,
} from './jobs.arbitrary.js';
export { anyFacts, anyName, anyText, anyTransferable, objectOf, recordOf } from './values.arbitrary.js';
