import { afterEach, beforeEach, expect, test } from '@jest/globals';
import Fastify, { type FastifyInstance } from 'fastify';
import { systemClock, until } from '@trainer/runtime';
import { manualClock, type ManualClock } from '@trainer/runtime/testing';
import { RawConnection } from '../testing/raw-connection.js';
import { addBodyLimits } from './body-limits.js';

const HEAD = 'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\nContent-Type: application/octet-stream\r\n\r\n';

let clock: ManualClock;
let fastify: FastifyInstance;
/** Bytes of the body that have come. */
let cameBytes = 0;
let client: RawConnection;

/** A door that answers before it has the body. */
beforeEach(async () => {
  clock = manualClock();
  fastify = Fastify();
  cameBytes = 0;
  addBodyLimits(fastify, { clock, idleMs: 1e9, wholeMs: 1e9 });
  fastify.addContentTypeParser('application/octet-stream', (_request, payload, done) => {
    payload.on('data', (chunk: Buffer) => (cameBytes += chunk.length));
    done(null);
  });
  fastify.put('/', (_request, reply) => reply.status(413).send('too large'));
  client = await RawConnection.open(await fastify.listen({ port: 0, host: '127.0.0.1' }));
  await client.send(HEAD);
  expect((await client.answer()).status).toBe(413);
});
afterEach(async () => {
  client.socket.destroy();
  await fastify.close();
});

const cameSoFar = (bytes: number): Promise<unknown> =>
  until('the bytes have come', () => cameBytes >= bytes, { clock: systemClock(), deadlineMs: 10_000 });

test('who sends on after an early answer is not cut off, for half a minute', async () => {
  for (let seconds = 1; seconds <= 29; seconds += 1) {
    await client.send('x');
    await cameSoFar(seconds);
    clock.advance(1_000);
  }
  expect(clock.pending).toBe(1);
  await client.send('x');
  await cameSoFar(30);
  clock.advance(1_000);
  await client.closed();
});

test('who is silent for two seconds after an early answer is cut off', async () => {
  clock.advance(1_999);
  await client.send('x');
  await cameSoFar(1);
  clock.advance(2_000);
  // It waits for more, as it does not once the connection is closed.
  expect(clock.pending).toBe(1);
  clock.advance(2_000);
  await client.closed();
  expect(clock.pending).toBe(0);
});
