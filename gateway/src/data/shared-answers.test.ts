import { beforeEach, expect, test } from '@jest/globals';
import { deferred, type Deferred } from '@trainer/runtime';
import { SharedAnswers } from './shared-answers.js';

/** A work that was begun. */
interface Work extends Deferred<string> {
  readonly cancelled: AbortSignal;
}

const FOREVER = new AbortController().signal;
const busy = (most: number): Error => new Error(`busy with ${most}`);
let works: Work[];
let answers: SharedAnswers<string>;

beforeEach(() => {
  works = [];
  answers = new SharedAnswers({ running: 2, kept: 3, keptSize: 10 }, (answer) => answer.length, busy);
});

const work = (cancelled: AbortSignal): Promise<string> => {
  const begun = { ...deferred<string>(), cancelled };
  works.push(begun);
  return begun.promise;
};
const ask = (question: string, gone: AbortSignal = FOREVER): Promise<string> => answers.get(question, gone, work);
const turn = (): Promise<void> => new Promise(setImmediate);
/** Asks, and lets the work answer. */
const answered = async (question: string, answer: string): Promise<void> => {
  const asked = ask(question);
  works.at(-1)?.resolve(answer);
  await asked;
  await turn();
};

test('equal questions share one work, other ones do not', async () => {
  const asked = [ask('a'), ask('a'), ask('b')];
  works[0]?.resolve('A');
  works[1]?.resolve('B');
  expect(await Promise.all(asked)).toEqual(['A', 'A', 'B']);
  expect(works).toHaveLength(2);
});

test('a work is cancelled when the last who waits has left, and not before', async () => {
  const callers = [new AbortController(), new AbortController(), new AbortController()];
  const asked = callers.map(({ signal }) => ask('a', signal));
  for (const [at, caller] of callers.entries()) {
    expect(works[0]?.cancelled.aborted).toBe(false);
    caller.abort();
    await expect(asked[at]).rejects.toMatchObject({ code: 'caller.gone' });
  }
  expect(works[0]?.cancelled.aborted).toBe(true);
});

test('a caller who had left before is not waited for', async () => {
  await expect(ask('a', AbortSignal.abort())).rejects.toMatchObject({ code: 'caller.gone' });
  expect(works.every(({ cancelled }) => cancelled.aborted)).toBe(true);
});

test('a question that comes while its cancelled work still ends begins a new one', async () => {
  const gone = new AbortController();
  const left = ask('a', gone.signal);
  gone.abort();
  await expect(left).rejects.toMatchObject({ code: 'caller.gone' });
  const asked = ask('a');
  works[0]?.reject(new Error('cancelled'));
  works[1]?.resolve('A');
  expect(await asked).toBe('A');
});

test('an answer that comes after its work was cancelled is kept once', async () => {
  const gone = new AbortController();
  const left = ask('a', gone.signal);
  gone.abort();
  await expect(left).rejects.toMatchObject({ code: 'caller.gone' });
  await answered('a', '12345');
  works[0]?.resolve('12345');
  await turn();
  // Both would be 10 with it, which is all that may be kept.
  await answered('b', '12345');
  await ask('a');
  await ask('b');
  expect(works).toHaveLength(3);
});

test('a failure is told to all who wait, and not kept', async () => {
  const asked = [ask('a'), ask('a')];
  works[0]?.reject(new Error('no'));
  for (const each of asked) await expect(each).rejects.toThrow('no');
  await answered('a', 'A');
  expect(await ask('a')).toBe('A');
  expect(works).toHaveLength(2);
});

test('at the limit of works another question is refused, until one has ended, cancelled or not', async () => {
  const gone = new AbortController();
  const cancelled = ask('a', gone.signal);
  const asked = ask('b');
  await expect(ask('c')).rejects.toThrow('busy with 2');
  gone.abort();
  await expect(cancelled).rejects.toMatchObject({ code: 'caller.gone' });
  await expect(ask('c')).rejects.toThrow('busy with 2');
  works[0]?.reject(new Error('cancelled'));
  await turn();
  await answered('c', 'C');
  works[1]?.resolve('B');
  expect(await asked).toBe('B');
});

test.each([
  ['their number', ['1', '1', '1']],
  ['their size', ['4444', '666666', '4444']],
])('the answers that were not asked for longest go first, by %s', async (_what, sizes) => {
  await answered('a', sizes[0] ?? '');
  await answered('b', sizes[1] ?? '');
  await ask('a');
  for (const [at, size] of sizes.slice(2).entries()) await answered(`c${at}`, size);
  if (sizes[0] === '1') await answered('d', '1');
  const before = works.length;
  await ask('a');
  expect(works).toHaveLength(before);
  void ask('b');
  expect(works).toHaveLength(before + 1);
});

test('an answer larger than all that may be kept is given, and not kept', async () => {
  await answered('a', 'x'.repeat(11));
  void ask('a');
  expect(works).toHaveLength(2);
});
