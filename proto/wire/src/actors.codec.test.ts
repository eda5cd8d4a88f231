import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as codec from './actors.codec.js';
import * as pb from './gen/trainer/v1/actors.js';
import { anyActorSpec, anyActorView, anyCount, anyLarge, anyLeaseId, anyNodeView, anyText, objectOf } from './testing/index.js';

describe('actors on the wire', () => {
  it('are asked for with all that was said', () => {
    fc.assert(
      fc.property(anyActorSpec, anyCount, fc.boolean(), (spec, timeoutMs, getIfExists) => {
        const bytes = pb.CreateActorRequest.encode(codec.encodeCreateActor({ spec, timeoutMs, getIfExists })).finish();
        expect(codec.decodeCreateActor(pb.CreateActorRequest.decode(bytes))).toStrictEqual({ spec, timeoutMs, getIfExists });
      }),
    );
  });

  it('are seen in the state they are in', () => {
    fc.assert(
      fc.property(anyActorView, (view) => {
        expect(codec.decodeActorView(pb.ActorView.decode(pb.ActorView.encode(codec.encodeActorView(view)).finish()))).toStrictEqual(view);
      }),
    );
  });

  it('are refused alive without an address', () => {
    const [view] = fc.sample(anyActorView, { numRuns: 1, seed: 1 });
    const state = { at: 'alive', since: 1, lease: '1-1', incarnation: 1, node: 'node-000000000000', address: 'a' };
    const wire = { ...codec.encodeActorView({ ...view, state } as never), address: undefined };
    expect(() => codec.decodeActorView(wire)).toThrow('actor.address: is missing.');
  });

  it('run on nodes', () => {
    fc.assert(
      fc.property(anyNodeView, (node) => {
        expect(codec.decodeNodeView(pb.NodeView.decode(pb.NodeView.encode(codec.encodeNodeView(node)).finish()))).toStrictEqual(node);
      }),
    );
  });

  it('write lines', () => {
    const line = objectOf({ lease: anyLeaseId, at: anyLarge, isStderr: fc.boolean(), line: anyText });
    fc.assert(fc.property(line, (written) => expect(codec.decodeLogLineBytes(codec.encodeLogLineBytes(written))).toStrictEqual(written)));
  });
});
