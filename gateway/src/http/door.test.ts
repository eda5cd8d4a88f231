import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'node:http';
import { createLogger, silentLogger, systemClock } from '@trainer/runtime';
import { MemoryBroker } from '@trainer/runtime/testing';
import { memoryStore } from '@trainer/storage/testing';
import type { GatewaySettings } from '../config.js';
import { startGateway, type Gateway } from '../start.js';
import { memoryHead } from '../testing/memory-head.js';
import { noActors } from '../testing/no-actors.js';
import { TEST_SETTINGS } from '../testing/settings.js';

const clock = systemClock();
const lines: string[] = [];
let onLoopback: Gateway;
let onNetwork: Gateway;

const start = (settings: Partial<GatewaySettings>, log = silentLogger): Promise<Gateway> => {
  const messages = new MemoryBroker(clock).connect();
  return startGateway(
    { head: memoryHead(), connectActors: noActors, messages, store: memoryStore(), settings: { ...TEST_SETTINGS, ...settings }, clock },
    log,
  );
};

beforeAll(async () => {
  onLoopback = await start({}, createLogger({ clock, level: 'info', format: 'text', write: (line) => void lines.push(line) }));
  onNetwork = await start({ host: '0.0.0.0', auth: 'off', publicUrls: ['https://trainer.example', 'http://ml:8002'] });
});
afterAll(() => Promise.all([onLoopback.close(), onNetwork.close()]));

/** fetch sets Host and Origin itself; these requests need their own. */
function statusOf(gateway: Gateway, headers: Record<string, string>, method = 'GET', path = '/health/live'): Promise<number> {
  const { port } = new URL(gateway.url);
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path, method, headers },
      (answer) => (answer.resume(), resolve(answer.statusCode ?? 0)),
    );
    sent.once('error', reject).end();
  });
}

describe('the host name of a request', () => {
  it.each([
    ['127.0.0.1', 200, 200],
    ['127.0.0.1:8002', 200, 200],
    ['LOCALHOST:1', 200, 200],
    ['[::1]:8002', 200, 200],
    ['ui.localhost', 200, 200],
    ['trainer.example', 403, 200],
    ['TRAINER.example:443', 403, 200],
    ['ml:8002', 403, 200],
    ['trainer:8002', 403, 200],
    ['node-7.lan:8002', 403, 200],
    ['trainer.evil.example', 403, 403],
    ['10.1.2.3:8002', 403, 200],
    ['[fd00::1]:8002', 403, 200],
    ['evil.example', 403, 403],
    ['trainer.example.evil.example', 403, 403],
    ['evil.example:80@trainer.example', 403, 403],
    ['127.0.0.1.evil.example', 403, 403],
    ['localhost.', 403, 403],
  ])('%s: %s on loopback, %s on a network whose names are given', async (host, loopback, network) => {
    expect([await statusOf(onLoopback, { host }), await statusOf(onNetwork, { host })]).toEqual([loopback, network]);
  });
});

describe('a page that changes something', () => {
  const path = '/train/train_ffffffffffff';
  it.each([
    ['http://localhost:3000', 404, 404],
    ['https://ml.example', 404, 404],
    ['https://trainer.example', 403, 404],
    ['http://ml:8002', 403, 404],
    ['http://trainer:8002', 403, 403],
    ['http://trainer.example', 403, 403],
    ['https://trainer.example:8443', 403, 403],
    ['http://10.1.2.3:8002', 403, 403],
    ['null', 403, 403],
    ['evil', 403, 403],
    ['https://evil.example', 403, 403],
  ])('of %s: %s on loopback, %s on a network whose names are given', async (origin, loopback, network) => {
    const host = 'localhost';
    expect([
      await statusOf(onLoopback, { host, origin }, 'DELETE', path),
      await statusOf(onNetwork, { host, origin }, 'DELETE', path),
    ]).toEqual([loopback, network]);
  });

  it('is not let in for calling itself what it calls us', async () => {
    expect(await statusOf(onNetwork, { host: '10.1.2.3:8002', origin: 'http://10.1.2.3:8002' }, 'DELETE', path)).toBe(403);
  });
});

describe('a browser', () => {
  it('at / is sent to the pages, which it finds', async () => {
    const sent = await fetch(onLoopback.url, { headers: { accept: 'text/html' }, redirect: 'manual' });
    expect([sent.status, sent.headers.get('location')]).toEqual([302, '/docs']);
    const page = await fetch(onLoopback.url, { headers: { accept: 'text/html' } });
    expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
  });

  it.each(['/', '/docs', '/docs/swagger-ui.css', '/openapi.json', '/health', '/nothing', '/train'])(
    'may neither guess the type of %s nor frame it',
    async (path) => {
      const { headers } = await fetch(`${onLoopback.url}${path}`);
      expect([headers.get('x-content-type-options'), headers.get('x-frame-options')]).toEqual(['nosniff', 'DENY']);
    },
  );
});

it('each answer is a line of the log, refused ones too', async () => {
  await fetch(`${onLoopback.url}/health/live?x=1`, { headers: { 'x-request-id': 'one' } });
  await statusOf(onLoopback, { host: 'evil.example', 'x-request-id': 'two' });
  expect(lines.filter((line) => / requestId=(one|two) /.test(line))).toEqual([
    expect.stringMatching(/answered requestId=one method=GET url="?\/health\/live\?x=1"? status=200 ms=\d+ ip=127.0.0.1/),
    expect.stringMatching(/answered requestId=two method=GET url="?\/health\/live"? status=403 /),
  ]);
});

describe('a JSON body', () => {
  const deep = '['.repeat(200_000);
  it.each<[string, Uint8Array, string]>([
    [
      'with bytes that are not UTF-8',
      Buffer.concat([Buffer.from('{"data_id":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
      'not UTF-8',
    ],
    ['with half of a character', Buffer.from('{"data_id":"\u20ac"}').subarray(0, 13), 'not UTF-8'],
    ['with a surrogate as three bytes', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'not UTF-8'],
    ['that is cut', Buffer.from('{"data_id":'), 'not JSON'],
    ['that is empty', Buffer.from(' '), 'empty'],
    ['with __proto__', Buffer.from('{"a":[{"__proto__":{"x":1}}]}'), 'a field named __proto__'],
    ['with __proto__ in escapes', Buffer.from('{"\\u005f_proto__":1}'), 'a field named __proto__'],
    ['with a prototype of its constructor', Buffer.from('{"constructor":{"prototype":{}}}'), 'a field named constructor.prototype'],
    [
      'as deep as it may be large, with __proto__ in its heart',
      Buffer.from(`${deep}{"__proto__":1}${']'.repeat(200_000)}`),
      'a field named __proto__',
    ],
  ])('%s is refused with what is wrong', async (_what, body, words) => {
    const answer = await fetch(`${onLoopback.url}/train`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const { detail } = (await answer.json()) as { detail: { loc: string[]; msg: string; type: string }[] };
    expect(answer.status).toBe(422);
    expect(detail).toEqual([{ loc: ['body'], msg: expect.stringContaining(words), type: 'json_invalid' }]);
  });

  it('with a mark of its order of bytes, and with a field named constructor, is read', async () => {
    const body = '\uFEFF{"constructor":1,"model_id":"none"}';
    const answer = await fetch(`${onLoopback.url}/train`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect(await answer.json()).toMatchObject({ detail: expect.not.arrayContaining([expect.objectContaining({ type: 'json_invalid' })]) });
  });
});
