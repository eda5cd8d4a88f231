import { expect, test } from '@jest/globals';
import { jobId } from '@trainer/model';
import type { Change } from './cluster-store.js';
import { gather, toJson } from './gather.js';

test('texts that jsonb refuses are written with replacement characters, others as they are', () => {
  expect(toJson({ text: 'a\u0000b\ud800c', kept: '\\u0000 \u{1f600}' })).toBe('{"text":"a\\ufffdb\\ufffdc","kept":"\\\\u0000 \u{1f600}"}');
});

const at = async (): Promise<void> => undefined;
const aKey = (key: string): Change => ({ keys: [{ key, bodySha256: '', job: jobId('train_000000000000'), createdAt: 0 }] });

test('a bigint is written as a text, and a plain value needs no second look', () => {
  expect(toJson({ a: [1n], b: 1 })).toBe('{"a":["1"],"b":1}');
});

test('no value becomes SQL', async () => {
  const { statements } = await gather([aKey("'; DROP SCHEMA trainer; --")], 1_000, at);
  expect(statements).toHaveLength(1);
  expect(statements[0]?.text).not.toContain('DROP');
  expect(JSON.parse(statements[0]?.values[0] ?? '')).toMatchObject([{ key: "'; DROP SCHEMA trainer; --" }]);
});

test('of a row that is given twice the last is written', async () => {
  const changes = [1, 2].map((since): Change => ({ sessions: [{ id: 'session-1' as never, state: 'open', since }] }));
  const { statements } = await gather(changes, 1_000, at);
  expect(JSON.parse(statements[0]?.values[0] ?? '')).toMatchObject([{ since: 2 }]);
});

test.each([
  [1, 1],
  [99, 1],
  [100 * 2, 2],
  [100 * 1_000, 5],
])('a transaction of %i characters holds %i changes of a hundred', async (maxChars, count) => {
  const one = aKey('x'.repeat(100 - toJson({ key: '', body_sha256: '', job: 'train_000000000000', created_at: 0 }).length));
  const changes = Array.from(
    { length: 5 },
    (_, n) => ({ keys: [{ ...one.keys?.[0], key: `${n}${one.keys?.[0]?.key.slice(1)}` }] }) as Change,
  );
  expect((await gather(changes, maxChars, at)).count).toBe(count);
});

test('much work gives way in between, also within one large change', async () => {
  let ways = 0;
  const giveWay = async (): Promise<void> => void (ways += 1);
  const keys = Array.from({ length: 64 }, (_, n) => aKey(`${n}${'x'.repeat(64 * 1024)}`).keys?.[0] as never);
  expect((await gather([{ keys }], 1_000, giveWay)).count).toBe(1);
  expect(ways).toBeGreaterThanOrEqual(15);
});
