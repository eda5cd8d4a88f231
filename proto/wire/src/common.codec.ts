import {
  bundleHash,
  type ActorClassRef,
  type Capacity,
  type DeathCause,
  type ErrorData,
  type Grant,
  type LastError,
  type ProtocolVersion,
  type RemoteFailure,
  type Resources,
  type Retry,
} from '@trainer/model';
import { enumCodec } from './enum-codec.js';
import type { FieldPath } from './errors.js';
import { encodeFacts } from './facts.js';
import { decodeRecord, parsed, present, unknownCase, wholeMs } from './fields.js';
import * as pb from './gen/trainer/v1/common.js';

export const retryCodec = enumCodec<Retry, pb.Retry>()({
  never: pb.Retry.RETRY_NEVER,
  same: pb.Retry.RETRY_SAME,
  elsewhere: pb.Retry.RETRY_ELSEWHERE,
});

export function encodeErrorData(error: ErrorData): pb.Error {
  return { code: error.code, message: error.message, facts: encodeFacts(error.facts), retry: retryCodec.encode(error.retry) };
}

/** @throws WireFormatError */
export function decodeErrorData(wire: pb.Error, at: FieldPath): ErrorData {
  return {
    code: wire.code,
    message: wire.message,
    facts: decodeRecord(wire.facts, `${at}.facts`),
    retry: retryCodec.decode(wire.retry, `${at}.retry`),
  };
}

export function encodeRemoteFailure(failure: RemoteFailure): pb.RemoteFailure {
  return { name: failure.name, message: failure.message, stack: failure.stack, fields: encodeFacts(failure.fields) };
}

/** @throws WireFormatError */
export function decodeRemoteFailure(wire: pb.RemoteFailure, at: FieldPath): RemoteFailure {
  return { name: wire.name, message: wire.message, stack: wire.stack, fields: decodeRecord(wire.fields, `${at}.fields`) };
}

export function encodeDeathCause(cause: DeathCause): pb.DeathCause {
  return { cause: causeCase(cause), lastError: 'lastError' in cause ? cause.lastError : undefined };
}

function causeCase(cause: DeathCause): NonNullable<pb.DeathCause['cause']> {
  switch (cause.kind) {
    case 'exited':
      return { $case: 'exited', value: cause.code };
    case 'signal':
      return { $case: 'signal', value: cause.signal };
    case 'out-of-memory':
      return { $case: 'outOfMemory', value: { limitBytes: cause.limitBytes, usedBytes: cause.usedBytes } };
    case 'constructor-threw':
      return { $case: 'constructorThrew', value: encodeRemoteFailure(cause.error) };
    case 'load-failed':
      return { $case: 'loadFailed', value: encodeErrorData(cause.error) };
    case 'not-started':
      return { $case: 'notStarted', value: encodeErrorData(cause.error) };
    case 'broke-protocol':
      return { $case: 'brokeProtocol', value: cause.why };
    case 'start-timeout':
      return { $case: 'startTimeoutMs', value: wholeMs(cause.afterMs) };
    case 'reservation-expired':
      return { $case: 'reservationExpiredMs', value: wholeMs(cause.afterMs) };
    case 'killed':
      return { $case: 'killedBy', value: cause.by };
    case 'owner-gone':
      return { $case: 'ownerGone', value: cause.owner };
    case 'node-lost':
      return { $case: 'nodeLost', value: cause.node };
    case 'fact-refused':
      return { $case: 'factRefused', value: cause.why };
    case 'released':
      return { $case: 'released', value: {} };
    case 'finished':
      return { $case: 'finished', value: {} };
  }
}

/** @throws WireFormatError */
export function decodeDeathCause(wire: pb.DeathCause, at: FieldPath): DeathCause {
  const cause = present(wire.cause, `${at}.cause`);
  switch (cause.$case) {
    case 'exited':
      return { kind: 'exited', code: cause.value, ...decodeLastError(wire) };
    case 'signal':
      return { kind: 'signal', signal: cause.value, ...decodeLastError(wire) };
    case 'outOfMemory':
      return { kind: 'out-of-memory', ...cause.value };
    case 'constructorThrew':
      return { kind: 'constructor-threw', error: decodeRemoteFailure(cause.value, `${at}.constructorThrew`) };
    case 'loadFailed':
      return { kind: 'load-failed', error: decodeErrorData(cause.value, `${at}.loadFailed`) };
    case 'notStarted':
      return { kind: 'not-started', error: decodeErrorData(cause.value, `${at}.notStarted`) };
    case 'brokeProtocol':
      return { kind: 'broke-protocol', why: cause.value };
    case 'startTimeoutMs':
      return { kind: 'start-timeout', afterMs: cause.value };
    case 'reservationExpiredMs':
      return { kind: 'reservation-expired', afterMs: cause.value };
    case 'killedBy':
      return { kind: 'killed', by: cause.value };
    case 'ownerGone':
      return { kind: 'owner-gone', owner: cause.value };
    case 'nodeLost':
      return { kind: 'node-lost', node: cause.value };
    case 'factRefused':
      return { kind: 'fact-refused', why: cause.value };
    case 'released':
      return { kind: 'released' };
    case 'finished':
      return { kind: 'finished' };
    default:
      return unknownCase(cause, `${at}.cause`);
  }
}

function decodeLastError({ lastError }: pb.DeathCause): LastError {
  return lastError === undefined ? {} : { lastError };
}

export function encodeProtocol(version: ProtocolVersion): pb.ProtocolVersion {
  return { major: version.major, minor: version.minor };
}

/** @throws WireFormatError */
export function decodeProtocol(wire: pb.ProtocolVersion | undefined, at: FieldPath): ProtocolVersion {
  const { major, minor } = present(wire, at);
  return { major, minor };
}

export function encodeResources(resources: Resources): pb.Resources {
  const { cpuMilli, memoryBytes, gpuMilli } = resources;
  return { cpuMilli, memoryBytes, gpuMilli };
}

/** @throws WireFormatError */
export function decodeResources(wire: pb.Resources | undefined, at: FieldPath): Resources {
  const { cpuMilli, memoryBytes, gpuMilli } = present(wire, at);
  return { cpuMilli, memoryBytes, gpuMilli };
}

export function encodeCapacity(capacity: Capacity): pb.Capacity {
  return {
    cpuMilli: capacity.cpuMilli,
    memoryBytes: capacity.memoryBytes,
    gpus: capacity.gpus.map(({ index, uuid, model, memoryBytes }) => ({ index, uuid, model, memoryBytes })),
  };
}

/** @throws WireFormatError */
export function decodeCapacity(wire: pb.Capacity | undefined, at: FieldPath): Capacity {
  const { cpuMilli, memoryBytes, gpus } = present(wire, at);
  return {
    cpuMilli,
    memoryBytes,
    gpus: gpus.map(({ index, uuid, model, memoryBytes: bytes }) => ({ index, uuid, model, memoryBytes: bytes })),
  };
}

export function encodeGrant(grant: Grant): pb.Grant {
  return { cpuMilli: grant.cpuMilli, memoryBytes: grant.memoryBytes, gpus: grant.gpus.map(({ index, milli }) => ({ index, milli })) };
}

/** @throws WireFormatError */
export function decodeGrant(wire: pb.Grant | undefined, at: FieldPath): Grant {
  const { cpuMilli, memoryBytes, gpus } = present(wire, at);
  return { cpuMilli, memoryBytes, gpus: gpus.map(({ index, milli }) => ({ index, milli })) };
}

export function encodeClassRef(ref: ActorClassRef): pb.ActorClassRef {
  switch (ref.kind) {
    case 'bundle':
      return { source: { $case: 'bundle', value: { hash: ref.hash, exportName: ref.exportName } } };
    case 'module':
      return { source: { $case: 'module', value: { specifier: ref.specifier, exportName: ref.exportName } } };
  }
}

/** @throws WireFormatError */
export function decodeClassRef(wire: pb.ActorClassRef | undefined, at: FieldPath): ActorClassRef {
  const source = present(present(wire, at).source, `${at}.source`);
  switch (source.$case) {
    case 'bundle':
      return { kind: 'bundle', hash: parsed(bundleHash, source.value.hash, `${at}.bundle.hash`), exportName: source.value.exportName };
    case 'module':
      return { kind: 'module', specifier: source.value.specifier, exportName: source.value.exportName };
    default:
      return unknownCase(source, `${at}.source`);
  }
}
