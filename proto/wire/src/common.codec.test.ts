import { describe, expect, it } from '@jest/globals';
import type { ErrorData } from '@trainer/model';
import fc from 'fast-check';
import * as codec from './common.codec.js';
import * as pb from './gen/trainer/v1/common.js';
import * as any from './testing/index.js';

describe('values that services share', () => {
  it('carry why a process ended', () => {
    fc.assert(
      fc.property(any.anyDeathCause, (cause) => {
        const bytes = pb.DeathCause.encode(codec.encodeDeathCause(cause)).finish();
        expect(codec.decodeDeathCause(pb.DeathCause.decode(bytes), 'cause')).toStrictEqual(cause);
      }),
    );
  });

  it('carry errors', () => {
    fc.assert(
      fc.property(any.anyErrorData, (error) => {
        const bytes = pb.Error.encode(codec.encodeErrorData(error)).finish();
        expect(codec.decodeErrorData(pb.Error.decode(bytes), 'error')).toStrictEqual(error);
      }),
    );
  });

  it('carry what user code threw', () => {
    fc.assert(
      fc.property(any.anyRemoteFailure, (failure) => {
        const bytes = pb.RemoteFailure.encode(codec.encodeRemoteFailure(failure)).finish();
        expect(codec.decodeRemoteFailure(pb.RemoteFailure.decode(bytes), 'failure')).toStrictEqual(failure);
      }),
    );
  });

  it('carry resources, capacities, grants and classes', () => {
    fc.assert(
      fc.property(any.anyResources, any.anyCapacity, any.anyGrant, any.anyClassRef, (resources, capacity, grant, ref) => {
        const at = 'x';
        expect(
          codec.decodeResources(pb.Resources.decode(pb.Resources.encode(codec.encodeResources(resources)).finish()), at),
        ).toStrictEqual(resources);
        expect(codec.decodeCapacity(pb.Capacity.decode(pb.Capacity.encode(codec.encodeCapacity(capacity)).finish()), at)).toStrictEqual(
          capacity,
        );
        expect(codec.decodeGrant(pb.Grant.decode(pb.Grant.encode(codec.encodeGrant(grant)).finish()), at)).toStrictEqual(grant);
        expect(
          codec.decodeClassRef(pb.ActorClassRef.decode(pb.ActorClassRef.encode(codec.encodeClassRef(ref)).finish()), at),
        ).toStrictEqual(ref);
      }),
    );
  });

  it('send an error whole although one of its facts cannot travel', () => {
    const error: ErrorData = {
      code: 'x',
      message: 'm',
      facts: { n: 1, socket: new (class Socket {})(), call: Symbol('s') },
      retry: 'never',
    };
    const { facts } = codec.decodeErrorData(codec.encodeErrorData(error), 'error');
    expect(facts).toStrictEqual({ n: 1, socket: '[object Object]', call: 'Symbol(s)' });
  });

  it('refuse an error whose retry is unspecified', () => {
    const wire = { ...codec.encodeErrorData({ code: 'x', message: 'm', facts: {}, retry: 'same' }), retry: pb.Retry.RETRY_UNSPECIFIED };
    expect(() => codec.decodeErrorData(wire, 'refused')).toThrow('refused.retry: is unspecified.');
  });

  it('refuse facts that are no map', () => {
    const wire = { ...codec.encodeErrorData({ code: 'x', message: 'm', facts: {}, retry: 'same' }), facts: Buffer.from([0x91, 0x01]) };
    expect(() => codec.decodeErrorData(wire, 'refused')).toThrow('refused.facts: is no map.');
  });
});
