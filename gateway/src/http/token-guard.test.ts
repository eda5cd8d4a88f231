import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { TrainerError, type Token, type TokenScope } from '@trainer/model';
import Fastify, { type FastifyInstance } from 'fastify';
import { manualClock, type ManualClock } from '@trainer/runtime/testing';
import { addTokenGuard } from './token-guard.js';

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What the head knows, by hash; and how often it was asked. */
let tokens: Map<string, Token>;
let asked: number;
let isAway: boolean;
let clock: ManualClock;
let fastify: FastifyInstance;

beforeEach(() => {
  tokens = new Map();
  asked = 0;
  isAway = false;
  clock = manualClock();
  fastify = Fastify();
  const find = (sha256: string): Promise<Token | null> => {
    asked += 1;
    if (isAway) return Promise.reject(new TrainerError('cluster.unavailable', 'No head answers.', {}));
    return Promise.resolve(tokens.get(sha256) ?? null);
  };
  addTokenGuard(fastify, { head: { tokens: { find } as never }, clusterSecret: 'the-secret', clock, isOpen: () => false });
  fastify.all('/*', () => 'in');
});
afterEach(() => fastify.close());

function give(text: string, scope: TokenScope): string {
  tokens.set(hashOf(text), { id: 'token-0', name: `of ${scope}`, scope, createdAt: 0, revokedAt: null });
  return text;
}

async function ask(method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS' | 'HEAD', url: string, token?: string) {
  const { statusCode, headers, body } = await fastify.inject({
    method,
    url,
    ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
  });
  return { status: statusCode, challenge: headers['www-authenticate'], body };
}

test.each<[string, string | undefined]>([
  ['none', undefined],
  ['an unknown one', 'other'],
  ['an empty one', ''],
  ['two words', 'a b'],
])('a request that shows %s is told what to do', async (_what, token) => {
  give('right', 'admin');
  expect(await ask('GET', '/train', token)).toEqual({
    status: 401,
    challenge: 'Bearer',
    body: expect.stringContaining('trainer token create'),
  });
});

test.each<['GET' | 'POST' | 'PUT' | 'DELETE', string, TokenScope]>([
  ['GET', '/train', 'read'],
  ['GET', '/docs', 'read'],
  ['GET', '/openapi.json', 'read'],
  ['GET', '/clusterly', 'read'],
  ['POST', '/train', 'submit'],
  ['PUT', '/data/x.csv', 'submit'],
  ['DELETE', '/models/x', 'submit'],
  ['GET', '/cluster', 'admin'],
  ['GET', '/cluster/nodes', 'admin'],
  ['GET', '/cluster?x', 'admin'],
])('%s %s asks for %s', async (method, url, needed) => {
  const scopes = ['read', 'submit', 'admin'] as const;
  const statuses = [];
  for (const scope of scopes) statuses.push((await ask(method, url, give(scope, scope))).status);
  expect(statuses).toEqual(scopes.map((_, at) => (at >= scopes.indexOf(needed) ? 200 : 403)));
  expect(await ask(method, url, 'the-secret')).toMatchObject({ status: 200 });
});

test('what a token may not do is said with what it may', async () => {
  expect(await ask('POST', '/train', give('r', 'read'))).toMatchObject({
    status: 403,
    challenge: undefined,
    body: expect.stringContaining("The token 'of read' may read; this asks for the scope submit."),
  });
});

test.each(['/', '/?x', '/health', '/health/', '/health/ready', '/health/live?x'])('%s is open to everybody', async (url) => {
  expect((await ask('GET', url)).status).toBe(200);
});

test.each(['//', '/healthy', '/health/other', '/%68ealth', '/train?/health'])('%s is not', async (url) => {
  expect((await ask('GET', url)).status).toBe(401);
});

test('a preflight of a browser shows none', async () => {
  expect((await ask('OPTIONS', '/train')).status).toBe(200);
});

test('the head is asked once in ten seconds, and a token that is revoked opens nothing after them', async () => {
  const token = give('right', 'read');
  for (let second = 0; second < 10; second += 1) {
    expect((await ask('GET', '/train', token)).status).toBe(200);
    expect((await ask('GET', '/train', 'wrong')).status).toBe(401);
    clock.advance(999);
  }
  expect(asked).toBe(2);
  tokens.clear();
  expect((await ask('GET', '/train', token)).status).toBe(200);
  clock.advance(11);
  expect((await ask('GET', '/train', token)).status).toBe(401);
});

test('while the head is away, known tokens open for their time, and others are told so', async () => {
  const token = give('right', 'read');
  await ask('GET', '/train', token);
  isAway = true;
  expect((await ask('GET', '/train', token)).status).toBe(200);
  expect(await ask('GET', '/train', give('new', 'read'))).toMatchObject({ status: 503, body: expect.stringContaining('No head answers') });
});
