import { INLINE_ARGS_BYTES, LIMITS, MAX_ARGS_BYTES, TRAIN_LIMITS } from '@trainer/model';
import type * as actors from '../gen/trainer/v1/actors.js';
import type * as jobs from '../gen/trainer/v1/jobs.js';
import type * as tokens from '../gen/trainer/v1/tokens.js';
import { MAX_VALUE_BYTES } from '../values.js';
import { both, bytes, formed, list, map, message, oneOf, range, size, text, type Bound } from './bound.js';
import {
  classRefBound,
  errorBound,
  failureBound,
  id,
  nothing,
  protocolBound,
  resourcesBound,
  short,
  storedArgsBound,
} from './common.bounds.js';

const name = text(LIMITS.nameChars);
const wait = range(LIMITS.waitMs);
const listed = range(LIMITS.listed);

export const createActorBound = message<actors.CreateActorRequest>({
  id,
  session: id,
  classRef: classRefBound,
  className: text(LIMITS.symbolChars),
  args: bytes(INLINE_ARGS_BYTES),
  resources: resourcesBound,
  concurrency: range(LIMITS.concurrency),
  priority: range(LIMITS.priority),
  env: both(map(LIMITS.env.count, LIMITS.env.nameChars, text(LIMITS.env.valueChars)), size(LIMITS.env.bytes)),
  timeoutMs: wait,
  name,
  namespace: name,
  getIfExists: formed,
  maxRestarts: range(LIMITS.maxRestarts),
  checkpointEveryMs: wait,
  maxCallRetries: range(LIMITS.maxCallRetries),
  storedArgs: storedArgsBound,
});

export const killActorBound = message<actors.KillActorRequest>({ id, by: short });
export const getActorBound = message<actors.GetActorRequest>({
  id,
  waitMs: wait,
  name: message<actors.ActorName>({ namespace: name, name }),
  ended: short,
});
export const listActorsBound = message<actors.ListActorsRequest>({ withEnded: formed, limit: listed });
export const logsBound = message<actors.LogsRequest>({ of: short, follow: formed, tail: range(LIMITS.logTail) });

export const fromSessionBound = message<actors.FromSession>({
  message: oneOf<NonNullable<actors.FromSession['message']>>({
    hello: message<actors.SessionHello>({ session: id, protocol: protocolBound, clientVersion: short }),
    beat: formed,
    close: nothing,
  }),
});

export const newTokenBound = message<tokens.NewToken>({ name, scope: short });
export const tokenRefBound = message<tokens.TokenRef>({ token: name });
export const tokenHashBound = message<tokens.TokenHash>({ sha256: id });

export const bundleRefBound = message<actors.BundleRef>({ hash: id });
export const bundleChunkBound = message<actors.BundleChunk>({ hash: id, data: bytes(LIMITS.chunkBytes) });
export const argsRefBound = message<actors.ArgsRef>({ actor: id, args: storedArgsBound });
export const argsChunkBound = message<actors.ArgsChunk>({ of: argsRefBound, data: bytes(LIMITS.chunkBytes) });

const trainName = text(TRAIN_LIMITS.names.chars);
/** The head says more of it, with REST's names for the fields: see `checkSubmission`. */
export const submitBound = message<jobs.SubmitRequest>({
  request: message<jobs.TrainRequest>({
    modelId: trainName,
    dataId: text(TRAIN_LIMITS.dataId.chars),
    taskType: formed,
    targetColumn: text(TRAIN_LIMITS.columnName.chars),
    epochs: range(TRAIN_LIMITS.epochs),
    batchSize: range(TRAIN_LIMITS.batchSize),
    learningRate: formed,
    hyperparametersMsgpack: bytes(TRAIN_LIMITS.hyperparameters.bytes),
    useGpu: formed,
    numWorkers: range(TRAIN_LIMITS.numWorkers),
    experimentName: trainName,
    runName: trainName,
    tags: map(TRAIN_LIMITS.tags.max, TRAIN_LIMITS.tags.keyChars, text(TRAIN_LIMITS.tags.valueChars)),
    pipelineId: trainName,
    earlyStopping: formed,
    patience: range(TRAIN_LIMITS.patience),
    seed: range(TRAIN_LIMITS.seed),
    validationSplit: formed,
    excludeColumns: list(TRAIN_LIMITS.excludeColumns.max, text(TRAIN_LIMITS.columnName.chars)),
    warnings: list(TRAIN_LIMITS.warnings.max, text(TRAIN_LIMITS.warnings.chars)),
    priority: range(TRAIN_LIMITS.priority),
  }),
  idempotencyKey: text(TRAIN_LIMITS.idempotencyKey.chars),
});
export const submitAllBound = message<jobs.SubmitAllRequest>({ submissions: list(TRAIN_LIMITS.batch.max, submitBound) });
export const jobRefBound = message<jobs.JobRef>({ job: short });
export const listExperimentsBound = message<jobs.ListExperimentsRequest>({ limit: listed });
export const leaderboardBound = message<jobs.LeaderboardRequest>({ experiment: trainName, metric: trainName, limit: listed });
export const listJobsBound = message<jobs.ListJobsRequest>({
  status: formed,
  limit: listed,
  modelId: trainName,
  experimentName: trainName,
  tagName: text(TRAIN_LIMITS.tags.keyChars),
  tagValue: text(TRAIN_LIMITS.tags.valueChars),
  cursor: short,
});
export const cancelBound = message<jobs.CancelRequest>({ job: short, waitMs: wait });
export const progressBound = message<jobs.ProgressRequest>({ job: short, epochs: range({ min: 0, max: TRAIN_LIMITS.epochs.max }) });
export const eventsBound = message<jobs.EventsRequest>({ job: short, after: formed });
export const listModelsBound = message<jobs.ListModelsRequest>({ page: formed, pageSize: listed });

/** What a caller sends to an actor. */
export const callBatchBound: Bound = message<actors.CallBatch>({
  hello: message<actors.CallerHello>({ caller: short, token: short, protocol: protocolBound, written: formed }),
  calls: list(
    LIMITS.batch,
    message<actors.Call>({
      number: formed,
      method: text(LIMITS.symbolChars),
      args: bytes(MAX_ARGS_BYTES),
      timeoutMs: formed,
      windowBytes: formed,
    }),
  ),
  cancels: list(LIMITS.batch, formed),
  credits: list(LIMITS.batch, formed),
});

/** What an actor answers: one batch of at most a message's size. */
export const answerBatchBound: Bound = message<actors.AnswerBatch>({
  welcome: nothing,
  answers: list(
    LIMITS.batch,
    message<actors.Answer>({
      number: formed,
      answer: oneOf<NonNullable<actors.Answer['answer']>>({
        value: bytes(MAX_VALUE_BYTES),
        item: bytes(MAX_VALUE_BYTES),
        threw: failureBound,
        failed: errorBound,
        done: nothing,
      }),
    }),
  ),
  refused: errorBound,
});
