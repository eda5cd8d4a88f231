import { expect, test } from '@jest/globals';
import type { pg } from './pg.js';
import { transact } from './transaction.js';

/** What pg sees of a query. */
interface Submitted {
  submit(connection: unknown): void;
  handleCommandComplete(message: { text: string }): void;
  handleError(error: Error): void;
  handleReadyForQuery(): void;
}

const STATEMENTS = [
  { text: 'SELECT fence($1)', values: ['7'] },
  { text: 'INSERT INTO a', values: ['x'.repeat(1_000)] },
];

function begun(statements = STATEMENTS, failsAt: string | null = null) {
  const sent: string[] = [];
  const message = (name: string) => (): void => {
    if (name === failsAt) throw new RangeError('too large');
    sent.push(name);
  };
  let query: Submitted | null = null;
  const stream = { cork: message('cork'), uncork: message('uncork') };
  const wire = { stream, parse: message('parse'), bind: message('bind'), execute: message('execute'), sync: message('sync') };
  const client = {
    query(submitted: Submitted) {
      query = submitted;
      submitted.submit(wire);
    },
  };
  const done = transact(client as unknown as pg.PoolClient, statements);
  return { sent, done, query: () => query as unknown as Submitted };
}

test('one Sync ends all statements, and nothing is run before all that is large was sent', async () => {
  const { sent } = begun();
  expect(sent.join(' ')).toBe('cork parse bind parse bind execute execute sync uncork');
});

test('the rows that each statement wrote are counted', async () => {
  const { done, query } = begun();
  for (const text of ['SELECT 1', 'INSERT 0 12']) query().handleCommandComplete({ text });
  query().handleReadyForQuery();
  expect(await done).toEqual([1, 12]);
});

test('the first error is told', async () => {
  const { done, query } = begun();
  query().handleError(new Error('the first'));
  query().handleError(new Error('the second'));
  await expect(done).rejects.toThrow('the first');
});

test('a statement that can not be sent is an error, and holds back nothing that others send', async () => {
  const { done, sent } = begun(STATEMENTS, 'bind');
  await expect(done).rejects.toThrow('too large');
  expect(sent.at(-1)).toBe('uncork');
});
