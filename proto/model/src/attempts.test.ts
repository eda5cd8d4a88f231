import { describe, expect, it } from '@jest/globals';
import { MOST_DEATHS, withDeath, type Death } from './actors.js';
import { describeEnd, describeRankEnd, MOST_ATTEMPTS, withAttempt, type Attempt, type AttemptEnd } from './attempts.js';
import { inShort, MAX_WHY_CHARS, short, type DeathCause } from './causes.js';

const CRASH: AttemptEnd = { kind: 'failed', blame: 'crash', rank: 0, code: 'job.crashed', message: 'Crashed', cause: null };
const attempt = (number: number, end: AttemptEnd | null): Attempt => ({
  number,
  startedAt: number,
  endedAt: end === null ? null : number + 1,
  fromEpoch: 0,
  workers: 1,
  nodes: [],
  memoryBytes: 1,
  end,
});
const numbersOf = (attempts: readonly Attempt[]): number[] => attempts.map(({ number }) => number);

describe('the attempts that a job keeps', () => {
  it('are all up to the limit', () => {
    const all = Array.from({ length: MOST_ATTEMPTS }, (_, at) => attempt(at + 1, CRASH));
    expect(all.reduce(withAttempt, [] as readonly Attempt[])).toEqual(all);
  });
  it('lose of more the oldest that nothing counted to, however many there are', () => {
    const requeued = (number: number): Attempt => attempt(number, { kind: 'requeued', why: 'full' });
    const first = [attempt(1, CRASH), attempt(2, CRASH)];
    const kept = Array.from({ length: 10_000 }, (_, at) => requeued(at + 3)).reduce(withAttempt, first as readonly Attempt[]);
    expect(kept).toHaveLength(MOST_ATTEMPTS);
    expect(numbersOf(kept)).toEqual([1, 2, ...Array.from({ length: MOST_ATTEMPTS - 2 }, (_, at) => 10_003 - MOST_ATTEMPTS + 2 + at)]);
  });
  it('lose the oldest where all of them count, which no limit of failures allows', () => {
    const kept = Array.from({ length: MOST_ATTEMPTS + 1 }, (_, at) => attempt(at + 1, CRASH)).reduce(withAttempt, [] as readonly Attempt[]);
    expect(numbersOf(kept)[0]).toBe(2);
  });
});

describe('why an attempt ended', () => {
  it.each<[AttemptEnd, string]>([
    [{ kind: 'completed' }, 'Completed'],
    [{ kind: 'cancelled', by: 'DELETE /train' }, 'Cancelled by DELETE /train'],
    [{ kind: 'requeued', why: 'No room' }, 'No room'],
    [CRASH, 'Crashed'],
  ])('is one sentence: %#', (end, text) => expect(describeEnd(end)).toBe(text));
  it('names the rank where there are several', () => {
    const cause: DeathCause = { kind: 'node-lost', node: 'node-000000000001' };
    expect(describeRankEnd(1, 2, cause)).toMatch(/^Rank 1: node node-000000000001 was lost$/);
    expect(describeRankEnd(0, 1, cause)).toMatch(/^Node node-000000000001 was lost$/);
  });
});

describe('the ends that an actor keeps', () => {
  const threw = (message: string): DeathCause => ({
    kind: 'constructor-threw',
    error: { name: 'E', message, stack: 's'.repeat(2 ** 20), fields: { big: 'f'.repeat(2 ** 20) } },
  });
  it('are the newest ten, of which the newest is whole', () => {
    const deaths = Array.from({ length: 25 }, (_, at): Death => ({ incarnation: at + 1, at, cause: threw(String(at)) }));
    const kept = deaths.reduce(withDeath, [] as readonly Death[]);
    expect(kept.map(({ incarnation }) => incarnation)).toEqual(Array.from({ length: MOST_DEATHS }, (_, at) => 16 + at));
    expect(kept.at(-1)).toEqual(deaths.at(-1));
    expect(JSON.stringify(kept.slice(0, -1)).length).toBeLessThan(10_000);
  });
  it('are texts that UTF-8 can hold, wherever they are cut', () => {
    const pairs = '\u{1F600}'.repeat(MAX_WHY_CHARS);
    for (const text of [pairs, `x${pairs}`, '\ud83d', 'x'.repeat(MAX_WHY_CHARS), 'x'.repeat(MAX_WHY_CHARS + 1)]) {
      expect(short(text).isWellFormed()).toBe(true);
      expect(short(text).length).toBeLessThanOrEqual(MAX_WHY_CHARS);
    }
    expect(short('x'.repeat(MAX_WHY_CHARS))).toBe('x'.repeat(MAX_WHY_CHARS));
  });
  it('are cut to a sentence, whatever kind they are of', () => {
    const long = 'x'.repeat(10 * MAX_WHY_CHARS);
    const error = { code: 'c', message: long, facts: { long }, retry: 'never' } as const;
    const causes: DeathCause[] = [
      threw(long),
      { kind: 'load-failed', error },
      { kind: 'fact-refused', why: long },
      { kind: 'killed', by: long },
    ];
    for (const cause of causes) expect(JSON.stringify(inShort(cause)).length).toBeLessThan(MAX_WHY_CHARS + 200);
  });
});
