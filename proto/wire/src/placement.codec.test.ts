import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PlaceReply } from './gen/trainer/v1/agent.js';
import { decodePlaceReply, decodePlaceRequest, encodePlaceReply, encodePlaceRequest } from './placement.codec.js';
import { anyPlaceReply, anyPlaceRequest } from './testing/index.js';

describe('a placement', () => {
  it('comes out of its bytes as it went in', () => {
    fc.assert(fc.property(anyPlaceRequest, (request) => expect(decodePlaceRequest(encodePlaceRequest(request))).toStrictEqual(request)));
  });

  it('is answered with what was answered', () => {
    fc.assert(fc.property(anyPlaceReply, (reply) => expect(decodePlaceReply(encodePlaceReply(reply))).toStrictEqual(reply)));
  });

  it('is refused, and never anything worse, for bytes of somebody else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(() => decodePlaceRequest(bytes)).toThrow(expect.objectContaining({ code: 'wire.format' }));
      }),
    );
  });

  it('is refused when cut short', () => {
    const refuse = (bytes: Uint8Array): void => {
      expect(() => decodePlaceRequest(bytes)).toThrow(expect.objectContaining({ code: 'wire.format' }));
    };
    fc.assert(fc.property(anyPlaceRequest, (request) => refuse(encodePlaceRequest(request).subarray(0, 40))));
  });

  it('is answered in vain with an unspecified reason', () => {
    const bytes = PlaceReply.encode({ reply: { $case: 'refused', value: { reason: 0, message: 'no' } } }).finish();
    expect(() => decodePlaceReply(bytes)).toThrow('placeReply.reason: is unspecified.');
  });
});
