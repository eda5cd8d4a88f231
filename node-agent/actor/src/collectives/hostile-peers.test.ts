import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { systemClock } from '@trainer/runtime';
import type { Gang } from './collective.js';
import { encodeHeader, FRAME, NO_TAG, type FrameKind, type Tag } from './frames.js';
import { introduce, receiveCaller } from './handshake.js';
import { PeerListener } from './peer-listener.js';
import { GANG_SETTINGS } from './settings.js';

/** Longer by hand: `FUZZ_RUNS=5000`. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 150);
const HOST = '127.0.0.1';
const clock = systemClock();
const ports = { clock, secret: 'of the attempt', handshakeMs: 5_000 };

interface Joined {
  readonly gang: Gang;
  /** The fake rank's ends: rank 0 reads its arrays from the first, and hears what the other says of its end. */
  readonly sockets: readonly [Socket, Socket];
}

/** Rank 0 of two, whose only peer knows the secret and says what it likes. */
async function joined(): Promise<Joined> {
  const listener = await PeerListener.open({ clock, host: HOST, ports: { from: 0, to: 0 }, settings: GANG_SETTINGS });
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const peers = [`${HOST}:${listener.port}`, `${HOST}:${(server.address() as AddressInfo).port}`];
  const called = once(server, 'connection').then(async ([socket]: Socket[]) => {
    if (!socket) throw new Error('A connection has a socket.');
    await receiveCaller(socket, { caller: 0, listener: 1, worldSize: 2 }, ports);
    return socket;
  });
  const joining = listener.join({ rank: 0, worldSize: 2, peers, secret: ports.secret });
  const calling = createConnection({ host: HOST, port: listener.port });
  await introduce(calling, { caller: 1, listener: 0, worldSize: 2 }, ports);
  const sockets = [calling, await called] as const;
  server.close();
  for (const socket of sockets) socket.on('error', () => undefined).resume();
  return { gang: await joining, sockets };
}

interface Due {
  readonly tag: Tag;
  operate(gang: Gang): Promise<unknown>;
}
const due = (operation: number, more: Partial<Tag>, operate: Due['operate']): Due => ({
  tag: { ...NO_TAG, operation, number: 1, ...more },
  operate,
});
/** Operations of rank 0, and the tag of what it waits for first. */
const OPERATIONS: readonly Due[] = [
  due(0, { arrayKind: 1, elements: 8 }, (gang) => gang.allReduce(new Float32Array(8), 'sum')),
  due(1, { arrayKind: 2, part: 1 }, (gang) => gang.broadcast(new Int32Array(0), 1)),
  due(2, { arrayKind: 3, part: 1 }, (gang) => gang.gather(new Uint8Array(3), 0)),
  due(3, { arrayKind: 3 }, (gang) => gang.barrier()),
  due(4, { arrayKind: 0, part: 1 }, (gang) => gang.allGather(new Float64Array(2))),
];

const anyCount = fc.oneof({ weight: 3, arbitrary: fc.nat(40) }, { weight: 1, arbitrary: fc.constantFrom(2 ** 20, 2 ** 30, 2 ** 32 - 1) });
const anyTag = fc.record({
  operation: fc.nat(5),
  arrayKind: fc.nat(4),
  reduction: fc.nat(3),
  number: fc.nat(2),
  part: fc.nat(3),
  elements: fc.nat(8),
});
/** Most are nearly what is due, so that they get far. */
const anyFrame = fc
  .record({
    kind: fc.oneof({ weight: 6, arbitrary: fc.constant(FRAME.data) }, { weight: 1, arbitrary: fc.nat(5) }),
    tag: fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...OPERATIONS.map(({ tag }) => tag)) }, { weight: 1, arbitrary: anyTag }),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom(0, 16).map((length) => new Uint8Array(length)),
    ),
    announced: fc.option(anyCount, { freq: 1, nil: null }),
    messageBytes: fc.option(anyCount, { freq: 1, nil: null }),
    offset: fc.option(anyCount, { freq: 1, nil: null }),
  })
  .map(({ kind, tag, payload, announced, messageBytes, offset }) => {
    const header = encodeHeader(kind as FrameKind, tag, announced ?? payload.length, messageBytes ?? payload.length, offset ?? 0);
    return Buffer.concat([header, payload]);
  });
const anyBytes = fc.oneof(
  { weight: 5, arbitrary: fc.array(anyFrame, { minLength: 1, maxLength: 4 }).map((frames) => Buffer.concat(frames)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)) },
);

test('whatever a peer says, each operation ends: with what is due, or with an error that names a rank', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...OPERATIONS), fc.array(anyBytes, { maxLength: 3 }), fc.nat(1), async ({ operate }, pieces, way) => {
      const { gang, sockets } = await joined();
      const asked = [operate(gang), gang.barrier()];
      for (const piece of pieces) sockets[way]?.write(piece);
      // What was said is heard before the end is.
      for (const socket of sockets) socket.end();
      const settled = await Promise.allSettled(asked);
      for (const one of settled) {
        if (one.status === 'rejected') expect((one.reason as { code?: string }).code).toMatch(/^rank\.(peer-lost|mismatch)$/);
      }
      await gang.leave();
      for (const socket of sockets) socket.destroy();
    }),
    { numRuns: RUNS },
  );
}, 120_000);
