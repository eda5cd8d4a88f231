import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { portOwner, portPicker } from './ports.js';

const HOST = '127.0.0.1';
let server: Server;
let taken: number;

beforeEach(async () => {
  server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const address = server.address();
  taken = typeof address === 'object' && address !== null ? address.port : 0;
});

afterEach(() => {
  server.close();
});

test('a range whose ports are all taken is said with the setting that widens it', async () => {
  await expect(portPicker(HOST, { first: taken, last: taken }).pick()).rejects.toThrow('widen TRAINER_PORTS');
});

test('a free port of the range is handed out once', async () => {
  const free = await portPicker(HOST, null).pick();
  const picker = portPicker(HOST, { first: free, last: free });
  expect(await picker.pick()).toBe(free);
  await expect(picker.pick()).rejects.toThrow(String(free));
});

test('a wanted port is handed out where it is free', async () => {
  const free = await portPicker(HOST, null).pick();
  expect(await portPicker(HOST, null).pick(free)).toBe(free);
  expect(await portPicker(HOST, null).pick(taken)).not.toBe(taken);
});

test('two who ask at once get different ports', async () => {
  const picker = portPicker(HOST, { first: 20_000, last: 60_000 });
  const [one, other] = await Promise.all([picker.pick(), picker.pick()]);
  expect(one).not.toBe(other);
});

test('the owner of a taken port is named', async () => {
  expect((await portOwner(taken))?.pid).toBe(process.pid);
});

test('a free port has no owner', async () => {
  expect(await portOwner(await portPicker(HOST, null).pick())).toBeNull();
});
