import { describe, expect, it } from '@jest/globals';
import { newActorId, newHeadId, newJobId, newNodeId, newSessionId, newStreamId } from './random-ids.js';

describe('new ids', () => {
  it('are of their form, from the bytes given', () => {
    const random = (count: number): Uint8Array => new Uint8Array(count).fill(0xab);
    const made = [newNodeId, newHeadId, newJobId, newActorId, newSessionId, newStreamId].map((make) => make(random));
    expect(made).toEqual([
      'node-abababababab',
      'head-abababababab',
      'train_abababababab',
      'actor-abababababababab',
      'session-abababababababab',
      'stream-abababababababab',
    ]);
  });
});
