import { afterEach, expect, it } from '@jest/globals';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { listen } from './listen.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

function server(): Server {
  const made = createServer();
  servers.push(made);
  return made;
}

async function takenPort(): Promise<number> {
  return listen(server(), '127.0.0.1', { from: 0, to: 0 });
}

it('the first free port of the range is taken', async () => {
  const taken = await takenPort();
  const other = server();
  const port = await listen(other, '127.0.0.1', { from: taken, to: Math.min(taken + 50, 65_535) });
  expect(port).toBeGreaterThan(taken);
  expect((other.address() as AddressInfo).port).toBe(port);
});

it('a port that is taken is named in the error', async () => {
  const taken = await takenPort();
  await expect(listen(server(), '127.0.0.1', { from: taken, to: taken })).rejects.toMatchObject({
    code: 'listen.failed',
    message: expect.stringContaining(`port ${taken}`),
  });
});
