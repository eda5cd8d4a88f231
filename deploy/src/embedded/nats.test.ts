import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeEmbeddedServer } from './embedded-server.contract.js';
import { findNatsServer, startNats } from './nats.js';

const path = process.env['PATH'] ?? '';
const fetched = fileURLToPath(new URL('../../native/nats/bin/nats-server', import.meta.url));

/** Speaks the protocol's first three lines: INFO, our CONNECT with a PING, and PONG or an error. */
function natsConnect(url: string, token: string): Promise<void> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(`CONNECT ${JSON.stringify({ auth_token: token, verbose: false })}\r\nPING\r\n`);
    });
    socket.on('data', (chunk) => {
      if (chunk.includes('PONG')) resolve();
      else if (chunk.includes('-ERR')) reject(new Error(chunk.toString()));
      else return;
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

describeEmbeddedServer('nats-server', {
  start: async (options) => startNats(await findNatsServer({ named: null, path, fetched }), options),
  connect: natsConnect,
});

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainer-nats-'));
  await writeFile(join(folder, 'nats-server'), '#!/bin/sh\n');
  await chmod(join(folder, 'nats-server'), 0o755);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test('the server that the user names goes before the one on the PATH', async () => {
  const named = join(folder, 'nats-server');
  expect(await findNatsServer({ named, path: '/usr/bin', fetched })).toBe(named);
});

test('the server on the PATH goes before the fetched one', async () => {
  expect(await findNatsServer({ named: null, path: `/nowhere:${folder}`, fetched })).toBe(join(folder, 'nats-server'));
});

test('a name of what is not executable is said, not passed over', async () => {
  await expect(findNatsServer({ named: '/not/there', path, fetched })).rejects.toThrow('TRAINER_NATS_SERVER: /not/there is not executable');
});

test('without any server the message names the mend', async () => {
  await expect(findNatsServer({ named: null, path: '/nowhere', fetched: '/not/there' })).rejects.toThrow('run npm start');
});
