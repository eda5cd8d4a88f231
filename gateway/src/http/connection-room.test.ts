import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { silentLogger, systemClock } from '@trainer/runtime';
import { MemoryBroker } from '@trainer/runtime/testing';
import { memoryStore } from '@trainer/storage/testing';
import { startGateway, type Gateway } from '../start.js';
import { memoryHead } from '../testing/memory-head.js';
import { RawConnection } from '../testing/raw-connection.js';
import { noActors } from '../testing/no-actors.js';
import { TEST_SETTINGS } from '../testing/settings.js';

const clock = systemClock();
let small: Gateway;

async function start({ mostConnections }: { mostConnections: number }): Promise<Gateway> {
  const settings = { ...TEST_SETTINGS, mostConnections };
  const messages = new MemoryBroker(clock).connect();
  return startGateway({ head: memoryHead(), connectActors: noActors, messages, store: memoryStore(), settings, clock }, silentLogger);
}

afterEach(() => small.close());

describe('at the limit of connections', () => {
  const health = 'GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n';
  it.each([
    ['that say nothing', ''],
    ['whose headers never end', 'GET /health/live HTTP/1.1\r\nHost: localhost\r\nx: '],
    ['whose body never ends', 'POST /train HTTP/1.1\r\nHost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{'],
    ['that were answered and ask nothing more', health],
  ])('others get in past clients %s, the slowest of which is closed', async (_what, said) => {
    small = await start({ mostConnections: 3 });
    const slow: RawConnection[] = [];
    for (let i = 0; i < 3; i += 1) {
      const connection = await RawConnection.open(small.url);
      slow.push(connection);
      await connection.send(said);
      if (said === health) await connection.answer();
    }
    for (let i = 0; i < 10; i += 1) {
      const next = await RawConnection.open(small.url);
      await next.send(health);
      expect((await next.answer()).status).toBe(200);
      next.socket.destroy();
    }
    await slow[0]?.closed();
    for (const { socket } of slow) socket.destroy();
  });

  it('nobody gets in past uploads, which go on', async () => {
    small = await start({ mostConnections: 3 });
    const upload = (i: number) =>
      `PUT /data/limit-${i}.csv HTTP/1.1\r\nHost: localhost\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: 8\r\n\r\na,b\n`;
    const open = await Promise.all([1, 2, 3].map(() => RawConnection.open(small.url)));
    for (const [i, connection] of open.entries()) {
      const isTaken = once(connection.socket, 'data');
      await connection.send(upload(i));
      await isTaken;
    }
    const refused = await RawConnection.open(small.url);
    await refused.send(health);
    expect(await refused.closed()).toBe('');
    refused.socket.destroy();
    for (const connection of open) {
      await connection.send('1,2\n');
      expect(await connection.closed()).toMatch(/HTTP\/1\.1 20[01] /);
      connection.socket.destroy();
    }
  });
});
