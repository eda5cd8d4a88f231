import { describe, expect, test } from '@jest/globals';
import type { DeathCause, ErrorData } from '@trainer/model';
import { blameOfCause, blameOfError } from './blame.js';
import { after, ended, NODE, placedAs, ready, RUN, says, started } from './testing/job-scenes.js';

const error: ErrorData = { code: 'x', message: 'x', facts: {}, retry: 'never' };
type Outcome = 'request' | 'crash' | 'infra' | 'none';

/** Every kind there is, with what it counts to: the compiler refuses a list that lacks one. */
const CAUSES: { readonly [Kind in DeathCause['kind']]: readonly [Extract<DeathCause, { kind: Kind }>, Outcome] } = {
  exited: [{ kind: 'exited', code: 1 }, 'crash'],
  signal: [{ kind: 'signal', signal: 'SIGSEGV' }, 'crash'],
  'out-of-memory': [{ kind: 'out-of-memory', limitBytes: 1, usedBytes: 2 }, 'crash'],
  'constructor-threw': [{ kind: 'constructor-threw', error: { name: 'E', message: 'm', stack: '', fields: {} } }, 'crash'],
  'load-failed': [{ kind: 'load-failed', error }, 'crash'],
  'not-started': [{ kind: 'not-started', error: { ...error, retry: 'elsewhere' } }, 'infra'],
  'broke-protocol': [{ kind: 'broke-protocol', why: 'w' }, 'crash'],
  'start-timeout': [{ kind: 'start-timeout', afterMs: 30_000 }, 'infra'],
  'reservation-expired': [{ kind: 'reservation-expired', afterMs: 10_000 }, 'none'],
  killed: [{ kind: 'killed', by: 'its agent' }, 'crash'],
  'owner-gone': [{ kind: 'owner-gone', owner: 'agent' }, 'infra'],
  'node-lost': [{ kind: 'node-lost', node: NODE }, 'infra'],
  'fact-refused': [{ kind: 'fact-refused', why: 'w' }, 'crash'],
  released: [{ kind: 'released' }, 'infra'],
  finished: [{ kind: 'finished' }, 'crash'],
};
const COUNTS: Readonly<Record<Outcome, { failures: number; infraFailures: number }>> = {
  request: { failures: 0, infraFailures: 0 },
  crash: { failures: 1, infraFailures: 0 },
  infra: { failures: 0, infraFailures: 1 },
  none: { failures: 0, infraFailures: 0 },
};

describe('an end that nobody asked for', () => {
  test.each(Object.entries(CAUSES))('by %s counts as its table says', (_, [cause, outcome]) => {
    expect(blameOfCause(cause)).toBe(outcome);
    expect(after(...RUN, ended(1, cause)).job).toMatchObject({ phase: 'queued', ...COUNTS[outcome] });
  });
  test.each(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP'])('by %s comes from outside, and is no crash', (signal) => {
    expect(blameOfCause({ kind: 'signal', signal })).toBe('infra');
  });
  test.each(['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGILL', 'SIGFPE'])('by %s is a crash of the process itself', (signal) => {
    expect(blameOfCause({ kind: 'signal', signal })).toBe('crash');
  });
});

describe('a process that could not be started for what will not change', () => {
  test('fails the job at once', () => {
    const cause: DeathCause = { kind: 'not-started', error };
    expect(blameOfCause(cause)).toBe('request');
    expect(after(...RUN, ended(1, cause)).job).toMatchObject({ status: 'failed', failures: 0, infraFailures: 0 });
  });
});

describe('an error that a rank reports', () => {
  test.each([
    ['never', 'request', 'failed'],
    ['same', 'crash', 'pending'],
    ['elsewhere', 'crash', 'pending'],
  ] as const)('with retry %s counts as %s, and the job is %s', (retry, blame, status) => {
    const told: ErrorData = { ...error, code: 'artifact.verification', retry };
    expect(blameOfError(told)).toBe(blame);
    const { job } = after(...RUN, says(1, { kind: 'failed', error: told }), ended(1));
    expect(job).toMatchObject({ status, ...COUNTS[blame] });
  });

  test.each(['node.disk-full', 'store.full'] as const)('%s counts as no crash of the job: what it asks for is in order', (code) => {
    const { job } = after(...RUN, says(1, { kind: 'failed', error: { ...error, code, retry: 'same' } }), ended(1));
    expect(job).toMatchObject({ status: 'pending', ...COUNTS.infra });
  });
});

describe('reservations that expire', () => {
  const expiring = (attempt: number) => [
    placedAs(attempt, 2),
    { kind: 'reserved', attempt, rank: 0 } as const,
    ended(attempt, { kind: 'reservation-expired', afterMs: 10_000 }),
    ended(attempt, { kind: 'released' }, 1),
  ];
  test('count to no limit, however many there are, and the job runs when one is started in time', () => {
    const expired = Array.from({ length: 30 }, (_, at) => expiring(at + 1)).flat();
    expect(after(...expired).job).toMatchObject({
      phase: 'queued',
      failures: 0,
      infraFailures: 0,
      pendingReason: `${NODE}: its reservation expired: it was not started within 10 s`,
    });
    const last = [placedAs(31), started(31), ready(31), says(31, { kind: 'phase', phase: 'training' })];
    expect(after(...expired, ...last).job).toMatchObject({ phase: 'training', attempt: 31 });
  });
});
