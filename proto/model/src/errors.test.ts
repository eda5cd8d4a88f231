import { describe, expect, it } from '@jest/globals';
import { describeCause, type DeathCause } from './causes.js';
import { fromErrorData, InvalidRequestError, toErrorData, TrainerError } from './errors.js';

describe('errors as data', () => {
  it('come back as they went', () => {
    const error = new TrainerError('queue.full', 'm', { limit: 3 }, 'same');
    expect(toErrorData(fromErrorData(toErrorData(error)))).toEqual({
      code: 'queue.full',
      message: 'm',
      facts: { limit: 3 },
      retry: 'same',
    });
  });

  it.each([
    [new RangeError('r'), 'r'],
    ['text', 'text'],
    [undefined, 'undefined'],
  ])('are internal when they are not ours: %p', (thrown, message) => {
    expect(toErrorData(thrown)).toEqual({ code: 'internal', message, facts: {}, retry: 'never' });
  });

  it('name every field of a request that is wrong', () => {
    const error = new InvalidRequestError([
      { path: ['epochs'], message: 'is 0', type: 'range' },
      { path: ['hyperparameters', 'max_depth'], message: 'is -1', type: 'range' },
    ]);
    expect(error.message).toBe('epochs: is 0; hyperparameters.max_depth: is -1');
    expect(error.name).toBe('InvalidRequestError');
  });
});

describe('what was thrown', () => {
  it('keeps code and facts, whichever copy of the class it is of', () => {
    const foreign = Object.assign(new Error('gone'), { code: 'rank.peer-lost', facts: { peer: 1 }, retry: 'same' });
    expect(toErrorData(foreign)).toEqual({ code: 'rank.peer-lost', message: 'gone', facts: { peer: 1 }, retry: 'same' });
  });
  it("is internal where it is none of ours, such as the system's", () => {
    expect(toErrorData(Object.assign(new Error('no file'), { code: 'ENOENT' })).code).toBe('internal');
  });
});

describe('the cause of an end', () => {
  const error = { code: 'x', message: 'no such export', facts: {}, retry: 'never' } as const;
  it.each<[DeathCause, string]>([
    [{ kind: 'exited', code: 3 }, 'exited with code 3'],
    [{ kind: 'signal', signal: 'SIGKILL' }, 'killed by SIGKILL, which the cluster did not send'],
    [{ kind: 'signal', signal: 'SIGSEGV' }, 'crashed with SIGSEGV'],
    [
      { kind: 'exited', code: 1, lastError: 'Error: nobody waits for me.\n    at Careless.reject (a.mjs:3)' },
      'exited with code 1: Error: nobody waits for me',
    ],
    [{ kind: 'signal', signal: 'SIGABRT', lastError: 'x'.repeat(8192) }, `crashed with SIGABRT: ${'x'.repeat(300)}`],
    [{ kind: 'not-started', error }, 'could not be started: no such export'],
    [{ kind: 'broke-protocol', why: 'w' }, 'ended by its agent, which could not read what it sent: w'],
    [{ kind: 'out-of-memory', limitBytes: 1024 * 2 ** 20, usedBytes: 1203 * 2 ** 20 }, 'out of memory: used 1,203 MiB of 1,024 MiB'],
    [{ kind: 'constructor-threw', error: { name: 'E', message: 'm', stack: '', fields: {} } }, 'its constructor threw E: m'],
    [{ kind: 'load-failed', error }, 'its class could not be loaded: no such export'],
    [{ kind: 'start-timeout', afterMs: 30_000 }, 'did not start within 30 s'],
    [{ kind: 'reservation-expired', afterMs: 10_000 }, 'its reservation expired: it was not started within 10 s'],
    [{ kind: 'killed', by: 'ada' }, 'killed by ada'],
    [{ kind: 'finished' }, 'its work is done'],
  ])('is one sentence: %#', (cause, text) => {
    expect(describeCause(cause)).toBe(text);
  });
});
