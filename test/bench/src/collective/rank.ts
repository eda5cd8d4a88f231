import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import { MessageChannel, Worker } from 'node:worker_threads';
import { GANG_SETTINGS, PeerListener, serveCollective } from '@trainer/actor';
import { systemClock } from '@trainer/runtime';
import type { Listening, RankStart, RankTimes, ThreadAsked, Times } from './messages.js';

/** A rank of the bench `collective`: its connections on this thread, its work on another, as in a training. */
const HOST = '127.0.0.1';
const CHUNK = Buffer.alloc(256 * 2 ** 10, 1);
/** Compilers and the system's buffers are warm after these. */
const WARM_UPS = 20;

const listener = await PeerListener.open({ clock: systemClock(), host: HOST, ports: { from: 0, to: 0 }, settings: GANG_SETTINGS });
const rawServer = createServer().listen(0, HOST);
await once(rawServer, 'listening');
process.send?.({ gangPort: listener.port, rawPort: (rawServer.address() as AddressInfo).port } satisfies Listening);
const [start] = (await once(process, 'message')) as [RankStart];
process.send?.(await measure(start));
process.disconnect();

async function measure({ rank, gangPorts, rawPort, runs, lengths }: RankStart): Promise<RankTimes> {
  const raw = rank === 0 ? createConnection({ host: HOST, port: rawPort }) : ((await once(rawServer, 'connection')) as [Socket])[0];
  rawServer.close();
  raw.setNoDelay(true);
  const peers = gangPorts.map((port) => `${HOST}:${port}`);
  const gang = await listener.join({ rank, worldSize: 2, peers, secret: 'of the bench' });
  const { port1, port2 } = new MessageChannel();
  serveCollective(port1, gang);
  const worker = new Worker(new URL('./rank-thread.js', import.meta.url), { workerData: { port: port2, rank }, transferList: [port2] });
  const inThread = async (asked: ThreadAsked): Promise<number> => {
    worker.postMessage(asked);
    return ((await once(worker, 'message')) as [number])[0];
  };
  const times: Times[] = [];
  for (const length of lengths) {
    const of: Times = { raw: [], allReduce: [], blocking: [] };
    for (let run = -WARM_UPS; run < runs; run += 1) {
      await gang.barrier();
      const one = {
        raw: await streamed(raw, length * Float32Array.BYTES_PER_ELEMENT),
        allReduce: await inThread({ length, isBlocking: false }),
        blocking: await inThread({ length, isBlocking: true }),
      };
      if (run < 0) continue;
      of.raw.push(one.raw);
      of.allReduce.push(one.allReduce);
      of.blocking.push(one.blocking);
    }
    times.push(of);
  }
  worker.postMessage(null);
  await once(worker, 'exit');
  port1.close();
  raw.destroy();
  await gang.leave();
  return times;
}

/** Both ends write so many bytes and read as many. @returns milliseconds until both is done here */
async function streamed(socket: Socket, bytes: number): Promise<number> {
  const begun = performance.now();
  await Promise.all([written(socket, bytes), read(socket, bytes)]);
  return performance.now() - begun;
}

async function written(socket: Socket, bytes: number): Promise<void> {
  for (let left = bytes; left > 0; left -= CHUNK.length) {
    if (!socket.write(left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK)) await once(socket, 'drain');
  }
}

function read(socket: Socket, bytes: number): Promise<void> {
  return new Promise((resolve) => {
    let left = bytes;
    const take = (chunk: Buffer): void => {
      left -= chunk.length;
      if (left > 0) return;
      socket.off('data', take);
      socket.pause();
      resolve();
    };
    socket.on('data', take);
    socket.resume();
  });
}
