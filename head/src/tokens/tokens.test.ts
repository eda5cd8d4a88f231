import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { MOST_TOKENS } from '@trainer/model';
import type { ClusterLoop } from '../loop/cluster-loop.js';
import type { Turn } from '../loop/turn.js';
import type { ClusterStore, StoredToken } from '../store/cluster-store.js';
import { Tokens } from './tokens.js';

/** Tokens over a store that is a map; `now` goes on with each turn. */
function tokensOver(stored: Map<string, StoredToken>): Tokens {
  let now = 0.4;
  let drawn = 0;
  const loop = {
    turn: <T>(run: (turn: Turn) => T) => {
      now += 1;
      return Promise.resolve(run({ now, writeToken: (token: StoredToken) => void stored.set(token.id, token) } as unknown as Turn));
    },
  } as unknown as ClusterLoop;
  const store = {
    tokens: () => Promise.resolve([...stored.values()].filter(({ revokedAt }) => revokedAt === null)),
    tokenOf: (sha256: string) => Promise.resolve([...stored.values()].find((token) => token.sha256 === sha256) ?? null),
  } as unknown as ClusterStore;
  const randomBytes = (bytes: number): Uint8Array =>
    Buffer.alloc(
      bytes,
      createHash('sha256')
        .update(String((drawn += 1)))
        .digest(),
    );
  return new Tokens({ loop, store, randomBytes });
}
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

test('a token is found by the hash of its text, which is stored nowhere', async () => {
  const stored = new Map<string, StoredToken>();
  const tokens = tokensOver(stored);
  const { token, text } = await tokens.create('the orchestrator', 'submit');
  expect(text).toMatch(/^trainer_[\w-]{43}$/);
  expect(token).toEqual({
    id: expect.stringMatching(/^token-[0-9a-f]{12}$/),
    name: 'the orchestrator',
    scope: 'submit',
    createdAt: 1,
    revokedAt: null,
  });
  expect(await tokens.find(hashOf(text))).toEqual(token);
  expect(await tokens.find(hashOf(`${text}x`))).toBeNull();
  expect(JSON.stringify([...stored.values()])).not.toContain(text.slice(8));
});

test('a token is revoked by its id, or all of a name; once', async () => {
  const tokens = tokensOver(new Map());
  const [one, two, other] = [await tokens.create('ci', 'read'), await tokens.create('ci', 'read'), await tokens.create('x', 'admin')];
  expect(await tokens.revoke(other.token.id)).toEqual([{ ...other.token, revokedAt: 4 }]);
  expect((await tokens.revoke('ci')).map(({ id }) => id)).toEqual([one.token.id, two.token.id]);
  expect(await tokens.find(hashOf(one.text))).toBeNull();
  expect(await tokens.inForce()).toEqual([]);
  await expect(tokens.revoke('ci')).rejects.toMatchObject({ code: 'token.not-found', message: expect.stringContaining("'ci'") });
});

test.each([
  ['', 'read', ['name']],
  ['x'.repeat(129), 'read', ['name']],
  ['a\nb', 'read', ['name']],
  ['a', 'root', ['scope']],
  ['', '', ['name', 'scope']],
])('a token %j of scope %j is refused', async (name, scope, fields) => {
  const issues = fields.map((field) => expect.objectContaining({ path: [field] }));
  await expect(tokensOver(new Map()).create(name, scope)).rejects.toMatchObject({ code: 'request.invalid', facts: { issues } });
});

test('there are at most 1,000 in force; revoked ones do not count', async () => {
  const tokens = tokensOver(new Map());
  for (let n = 0; n < MOST_TOKENS; n += 1) await tokens.create(`n${n}`, 'read');
  await expect(tokens.create('one more', 'read')).rejects.toMatchObject({ code: 'token.too-many' });
  await tokens.revoke('n7');
  expect((await tokens.create('one more', 'read')).token.name).toBe('one more');
});
