import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeFromAgent, decodeToAgent, encodeFromAgent, encodeToAgent } from './agent-link.codec.js';
import * as pb from './gen/trainer/v1/agent.js';
import { anyFromAgent, anyToAgent } from './testing/index.js';

function caught(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

describe('what an agent says', () => {
  it('comes out of its bytes as it went in', () => {
    fc.assert(
      fc.property(anyFromAgent, (message) => {
        const bytes = pb.FromAgent.encode(encodeFromAgent(message)).finish();
        expect(decodeFromAgent(pb.FromAgent.decode(bytes))).toStrictEqual(message);
      }),
    );
  });

  it('is refused when it says nothing', () => {
    expect(caught(() => decodeFromAgent({ message: undefined }))).toMatchObject({
      code: 'wire.format',
      facts: { path: 'fromAgent.message' },
    });
  });

  it('is refused for an id of another kind, with the path of the field', () => {
    const facts = [
      { number: 1, lease: '1-1', body: { $case: 'startedPid' as const, value: 7 } },
      { number: 2, lease: 'node-1', body: undefined },
    ];
    const refused = caught(() => decodeFromAgent({ message: { $case: 'facts', value: { facts } } }));
    expect(refused).toMatchObject({ code: 'wire.format', facts: { path: 'facts[1].lease' } });
  });

  it('has a fact without a body as one that could not be read', () => {
    const facts = [{ number: 1, lease: '1-1', body: undefined }];
    const read = decodeFromAgent({ message: { $case: 'facts', value: { facts } } });
    const body = { kind: 'unreadable', why: 'facts[0].body: is missing.' };
    expect(read).toEqual({ kind: 'facts', facts: [{ number: 1, lease: '1-1', body }] });
  });
});

describe('what the head says', () => {
  it('comes out of its bytes as it went in', () => {
    fc.assert(
      fc.property(anyToAgent, (message) => {
        const bytes = pb.ToAgent.encode(encodeToAgent(message)).finish();
        expect(decodeToAgent(pb.ToAgent.decode(bytes))).toStrictEqual(message);
      }),
    );
  });

  it('is refused for a command that this version does not know', () => {
    const command = { $case: 'dance', value: {} } as unknown as NonNullable<pb.Command['command']>;
    const refused = caught(() => decodeToAgent({ message: { $case: 'command', value: { headEpoch: 1, command } } }));
    expect(refused).toMatchObject({ code: 'wire.format', message: "command.command: 'dance' is unknown." });
  });

  it('is refused for a stop without a cause', () => {
    const command = { $case: 'stop' as const, value: { lease: '1-1', cause: undefined } };
    const refused = caught(() => decodeToAgent({ message: { $case: 'command', value: { headEpoch: 1, command } } }));
    expect(refused).toMatchObject({ facts: { path: 'command.stop.cause' } });
  });
});
