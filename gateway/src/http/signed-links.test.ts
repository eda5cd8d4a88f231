import { afterEach, beforeEach, expect, test } from '@jest/globals';
import Fastify, { type FastifyInstance } from 'fastify';
import { manualClock, type ManualClock } from '@trainer/runtime/testing';
import { addSignedLinks, SignedLinks } from './signed-links.js';

const PATH = '/models/train_000000000000/download?format=pkl';

let clock: ManualClock;
let links: SignedLinks;
let fastify: FastifyInstance;
beforeEach(() => {
  clock = manualClock(1_800_000_000_000);
  links = new SignedLinks('secret', clock);
  fastify = Fastify();
  const isLinked = addSignedLinks(fastify, links);
  fastify.all('/*', (request) => (isLinked(request) ? 'linked' : 'plain'));
});
afterEach(() => fastify.close());

const ask = async (url: string, method: 'GET' | 'HEAD' | 'POST' = 'GET') => {
  const { statusCode, body } = await fastify.inject({ method, url });
  return [statusCode, body];
};

test('a link opens its file until it ends, at every gateway of the cluster', async () => {
  const link = new SignedLinks('secret', clock).sign(PATH, clock.wallMs() + 60_000);
  expect(await ask(link)).toEqual([200, 'linked']);
  expect(await ask(link, 'HEAD')).toEqual([200, '']);
  clock.advance(59_999);
  expect(await ask(link)).toEqual([200, 'linked']);
  clock.advance(1);
  expect(await ask(link)).toEqual([403, expect.stringContaining('has expired')]);
});

test('a link opens nothing but its file, for reading', async () => {
  const link = links.sign(PATH, clock.wallMs() + 60_000);
  const changed = [
    link.replace('pkl', 'onnx'),
    link.replace('train_000000000000', 'train_000000000001'),
    link.replace(/expires=(\d+)/, (_, seconds) => `expires=${Number(seconds) + 1}`),
    link.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
    link.replace(/signature=.*/, 'signature=x'),
    link.replace('&expires', '&more=1&expires'),
    new SignedLinks('other', clock).sign(PATH, clock.wallMs() + 60_000),
  ];
  for (const url of changed) expect([url, ...(await ask(url))]).toEqual([url, 403, expect.stringContaining('was changed')]);
  expect(await ask(link, 'POST')).toEqual([200, 'plain']);
  expect(await ask(`${link}&more=1`)).toEqual([200, 'plain']);
});

test('an address without a signature is none', async () => {
  expect(await ask(PATH)).toEqual([200, 'plain']);
});
