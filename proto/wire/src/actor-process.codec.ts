import { INLINE_STATE_BYTES, MAX_LAST_ERROR_BYTES, type FromActorProcess, type SignedRequest } from '@trainer/model';
import { decodeDeathCause, encodeDeathCause } from './common.codec.js';
import { WireFormatError, type FieldPath } from './errors.js';
import { fromBytes, present, toBytes, unknownCase } from './fields.js';
import * as pb from './gen/trainer/v1/actor_process.js';
import { decodeRankReport, encodeRankReport } from './reports.codec.js';
import { decodeSavedState, encodeSavedState } from './saved-state.codec.js';

/** Of one message of an actor's process; a result with importances of 100,000 columns takes about half of it. */
export const MAX_FROM_ACTOR_BYTES = 16 * 2 ** 20;
/** Of every message but a result: errors with what they carry are the largest. */
const MAX_PLAIN_BYTES = 2 ** 20;
/** host:port; a host name has at most 253 characters. */
const MAX_ADDRESS_CHARS = 260;

/** The bytes of what an actor's process says to its agent. */
export function encodeFromActorProcess(message: FromActorProcess): Buffer {
  const bytes = toBytes(pb.FromActorProcess, { message: messageCase(message) });
  // An error may carry anything of a user's: its own fields are what can be spared.
  if (bytes.length <= MAX_PLAIN_BYTES || message.kind !== 'failed' || message.cause.kind !== 'constructor-threw') return bytes;
  return encodeFromActorProcess({ ...message, cause: { ...message.cause, error: { ...message.cause.error, fields: {} } } });
}

function messageCase(message: FromActorProcess): NonNullable<pb.FromActorProcess['message']> {
  switch (message.kind) {
    case 'ready':
      return { $case: 'readyAddress', value: message.address };
    case 'failed':
      return { $case: 'failed', value: encodeDeathCause(message.cause) };
    case 'report':
      return { $case: 'report', value: { number: message.number, report: encodeRankReport(message.report) } };
    case 'state':
      return { $case: 'state', value: { number: message.number, state: encodeSavedState(message.state) } };
    case 'sign': {
      const { method, bucket, key, query } = message.request;
      return { $case: 'sign', value: { number: message.number, method, bucket, key, query: { ...query } } };
    }
    case 'beat':
      return { $case: 'beat', value: { step: message.step ?? undefined } };
    case 'threw':
      return { $case: 'threw', value: message.text };
    case 'finished':
      return { $case: 'finished', value: {} };
  }
}

/**
 * Reads what an actor's process says: whatever its code has put there.
 * @throws WireFormatError for what is malformed, unknown or too large
 */
export function decodeFromActorProcess(bytes: Uint8Array): FromActorProcess {
  const message = present(fromBytes(pb.FromActorProcess, bytes, 'message').message, 'message');
  const isResult = message.$case === 'report' && message.value.report?.report?.$case === 'result';
  atMost(bytes.length, isResult ? MAX_FROM_ACTOR_BYTES : MAX_PLAIN_BYTES, message.$case);
  switch (message.$case) {
    case 'readyAddress':
      return { kind: 'ready', address: address(message.value, 'ready') };
    case 'failed':
      return { kind: 'failed', cause: decodeDeathCause(message.value, 'failed') };
    case 'report': {
      const { number, report } = message.value;
      return { kind: 'report', number, report: decodeRankReport(present(report, 'report.report'), 'report') };
    }
    case 'state': {
      const state = decodeSavedState(present(message.value.state, 'state.state'), 'state');
      if (state.kind === 'inline') atMost(state.bytes.length, INLINE_STATE_BYTES, 'state');
      return { kind: 'state', number: message.value.number, state };
    }
    case 'sign':
      return { kind: 'sign', number: message.value.number, request: signedRequest(message.value) };
    case 'beat':
      return { kind: 'beat', step: message.value.step ?? null };
    case 'threw':
      atMost(Buffer.byteLength(message.value), MAX_LAST_ERROR_BYTES, 'threw');
      return { kind: 'threw', text: message.value };
    case 'finished':
      return { kind: 'finished' };
    default:
      return unknownCase(message, 'message');
  }
}

const METHODS: readonly string[] = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'] satisfies SignedRequest['method'][];
/** S3's limits of names, and more than its longest ids of uploads have. */
const MAX_BUCKET_CHARS = 63;
const MAX_KEY_CHARS = 1024;
const MAX_QUERY = 2;
const MAX_QUERY_CHARS = 2048;

function signedRequest({ method, bucket, key, query }: pb.Sign): SignedRequest {
  if (!METHODS.includes(method)) throw new WireFormatError('sign.method', 'is no method of the object store');
  atMost(bucket.length, MAX_BUCKET_CHARS, 'sign.bucket');
  atMost(key.length, MAX_KEY_CHARS, 'sign.key');
  const parameters = Object.entries(query);
  if (parameters.length > MAX_QUERY) throw new WireFormatError('sign.query', `has more than ${MAX_QUERY} parameters`);
  for (const [name, value] of parameters) atMost(name.length + value.length, MAX_QUERY_CHARS, 'sign.query');
  return { method: method as SignedRequest['method'], bucket, key, query: Object.fromEntries(parameters) };
}

function atMost(bytes: number, limit: number, at: FieldPath): void {
  if (bytes > limit) throw new WireFormatError(at, `has ${bytes} bytes; at most ${limit} are read`);
}

function address(text: string, at: FieldPath): string {
  if (text.length > MAX_ADDRESS_CHARS || !/^[^\s/]+:\d{1,5}$/.test(text)) throw new WireFormatError(at, 'is no address of host:port');
  return text;
}
