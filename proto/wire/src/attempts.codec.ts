import { nodeId, type Attempt, type AttemptEnd, type Blame } from '@trainer/model';
import { decodeDeathCause, encodeDeathCause } from './common.codec.js';
import { enumCodec } from './enum-codec.js';
import type { FieldPath } from './errors.js';
import { parsed, present, unknownCase, wholeMs } from './fields.js';
import * as pb from './gen/trainer/v1/jobs.js';

const blameCodec = enumCodec<Blame, pb.Blame>()({
  request: pb.Blame.BLAME_REQUEST,
  crash: pb.Blame.BLAME_CRASH,
  infra: pb.Blame.BLAME_INFRA,
});

export function encodeAttempt(attempt: Attempt): pb.Attempt {
  return {
    number: attempt.number,
    startedAt: wholeMs(attempt.startedAt),
    endedAt: attempt.endedAt === null ? undefined : wholeMs(attempt.endedAt),
    fromEpoch: attempt.fromEpoch,
    workers: attempt.workers,
    nodes: [...attempt.nodes],
    memoryBytes: attempt.memoryBytes,
    end: attempt.end === null ? undefined : { end: endCase(attempt.end) },
  };
}

function endCase(end: AttemptEnd): NonNullable<pb.AttemptEnd['end']> {
  switch (end.kind) {
    case 'completed':
      return { $case: 'completed', value: {} };
    case 'cancelled':
      return { $case: 'cancelledBy', value: end.by };
    case 'requeued':
      return { $case: 'requeued', value: end.why };
    case 'failed': {
      const { rank, code, message, cause } = end;
      const blame = blameCodec.encode(end.blame);
      const value = { blame, rank: rank ?? undefined, code, message, cause: cause === null ? undefined : encodeDeathCause(cause) };
      return { $case: 'failed', value };
    }
  }
}

/** @throws WireFormatError */
export function decodeAttempt(wire: pb.Attempt, at: FieldPath): Attempt {
  return {
    number: wire.number,
    startedAt: wire.startedAt,
    endedAt: wire.endedAt ?? null,
    fromEpoch: wire.fromEpoch,
    workers: wire.workers,
    nodes: wire.nodes.map((node, i) => parsed(nodeId, node, `${at}.nodes[${i}]`)),
    memoryBytes: wire.memoryBytes,
    end: wire.end === undefined ? null : decodeEnd(wire.end, `${at}.end`),
  };
}

function decodeEnd(wire: pb.AttemptEnd, at: FieldPath): AttemptEnd {
  const end = present(wire.end, at);
  switch (end.$case) {
    case 'completed':
      return { kind: 'completed' };
    case 'cancelledBy':
      return { kind: 'cancelled', by: end.value };
    case 'requeued':
      return { kind: 'requeued', why: end.value };
    case 'failed': {
      const { rank, code, message, cause } = end.value;
      return {
        kind: 'failed',
        blame: blameCodec.decode(end.value.blame, `${at}.blame`),
        rank: rank ?? null,
        code,
        message,
        cause: cause === undefined ? null : decodeDeathCause(cause, `${at}.cause`),
      };
    }
    default:
      return unknownCase(end, at);
  }
}
