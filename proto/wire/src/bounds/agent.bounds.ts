import { LIMITS } from '@trainer/model';
import type * as pb from '../gen/trainer/v1/agent.js';
import type * as jobs from '../gen/trainer/v1/jobs.js';
import { bytes, formed, list, map, message, oneOf, text } from './bound.js';
import { capacityBound, causeBound, errorBound, id, nothing, protocolBound, savedStateBound, sentence, short } from './common.bounds.js';

const metricsBound = map(LIMITS.metrics.count, LIMITS.metrics.nameChars, formed);
/** Keys of the object store may hold a dataset's name. */
const fileBound = message<jobs.StoredFile>({ role: short, key: text(1_024), bytes: formed, sha256: id, ending: short });
/** A model of 100,000 columns names each of them with its importance. */
const MAX_DESCRIPTION_BYTES = 16 * 2 ** 20;

const reportBound = message<jobs.RankReport>({
  report: oneOf<NonNullable<jobs.RankReport['report']>>({
    phase: formed,
    progress: formed,
    epoch: message<jobs.EpochReport>({
      metrics: message<jobs.EpochMetrics>({
        epoch: formed,
        trainLoss: formed,
        valLoss: formed,
        trainAccuracy: formed,
        valAccuracy: formed,
        learningRate: formed,
        additional: metricsBound,
      }),
      done: formed,
    }),
    checkpoint: message<jobs.Checkpoint>({ epoch: formed, file: fileBound, metrics: metricsBound }),
    warning: sentence,
    result: message<jobs.TrainingResult>({
      files: list(100, fileBound),
      metrics: metricsBound,
      descriptionMsgpack: bytes(MAX_DESCRIPTION_BYTES),
    }),
    failed: message<jobs.Failure>({ error: errorBound }),
  }),
});

/** A fact: out of bounds it is refused by itself, and the others of its batch are not. */
export const factBound = message<pb.Fact>({
  number: formed,
  lease: id,
  body: oneOf<NonNullable<pb.Fact['body']>>({
    startedPid: formed,
    readyAddress: short,
    rank: reportBound,
    ended: causeBound,
    state: savedStateBound,
  }),
});

const helloBound = message<pb.Hello>({
  protocol: protocolBound,
  node: id,
  incarnation: formed,
  host: short,
  version: short,
  capacity: capacityBound,
  labels: map(LIMITS.hello.labels, LIMITS.shortChars, short),
  leases: list(LIMITS.hello.leases, message<pb.HeldLease>({ lease: id, state: formed })),
  newestFact: formed,
  newestHeadEpoch: formed,
  natsConnected: formed,
  engines: list(LIMITS.hello.engines, message<pb.EngineState>({ engine: short, unavailable: sentence })),
  isDraining: formed,
  number: formed,
});

/** What an agent says; its facts have a bound each. */
export const fromAgentBound = message<pb.FromAgent>({
  message: oneOf<NonNullable<pb.FromAgent['message']>>({
    hello: helloBound,
    heartbeat: nothing,
    facts: message<pb.Facts>({ facts: list(LIMITS.batch, formed) }),
  }),
});
