import { createConnection, createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '@trainer/runtime';
import { manualClock } from '@trainer/runtime/testing';
import type { Clock } from '@trainer/model';
import type { Gang } from './collective.js';
import { collectiveContract, type JoinedRanks } from './collective.contract.js';
import { loneGang } from './lone-gang.js';
import { PeerListener } from './peer-listener.js';
import { GANG_SETTINGS, type GangSettings } from './settings.js';
import { serveCollective, threadCollective } from './thread-gang.js';

const SECRET = 'of the attempt';
const open: Gang[] = [];
afterEach(() => Promise.all(open.splice(0).map((gang) => gang.leave())));

async function listeners(count: number, clocks: readonly Clock[], settings: GangSettings): Promise<PeerListener[]> {
  return Promise.all(
    Array.from({ length: count }, (_, at) =>
      PeerListener.open({ clock: clocks[at] ?? systemClock(), host: '127.0.0.1', ports: { from: 0, to: 0 }, settings }),
    ),
  );
}
const addresses = (all: readonly PeerListener[]): string[] => all.map(({ port }) => `127.0.0.1:${port}`);

async function ring(count: number, clocks: readonly Clock[] = [], settings = GANG_SETTINGS): Promise<Gang[]> {
  const all = await listeners(count, clocks, settings);
  const peers = addresses(all);
  const gangs = await Promise.all(all.map((listener, rank) => listener.join({ rank, worldSize: count, peers, secret: SECRET })));
  open.push(...gangs);
  return gangs;
}
/** A ring whose connections run through proxies; `cut` breaks those of one rank, as a SIGKILL of it does. */
async function brittleRing(count: number): Promise<{ gangs: Gang[]; cut(rank: number): void }> {
  const all = await listeners(count, [], GANG_SETTINGS);
  const socketsTo = all.map((): Socket[] => []);
  const peers = await Promise.all(
    all.map(async ({ port }, rank) => {
      const proxy = createServer((from) => {
        const to = createConnection({ host: '127.0.0.1', port });
        for (const socket of [from, to]) socket.on('error', () => undefined);
        from.pipe(to).pipe(from);
        socketsTo[rank]?.push(from, to);
        proxy.close();
      });
      await once(proxy.listen(0, '127.0.0.1'), 'listening');
      return `127.0.0.1:${(proxy.address() as { port: number }).port}`;
    }),
  );
  const gangs = await Promise.all(all.map((listener, rank) => listener.join({ rank, worldSize: count, peers, secret: SECRET })));
  open.push(...gangs);
  const cut = (rank: number): void => {
    for (const to of [rank, (rank + 1) % count]) for (const socket of socketsTo[to] ?? []) socket.destroy();
  };
  return { gangs, cut };
}
async function joinedRing(count: number): Promise<JoinedRanks> {
  const ranks = await ring(count);
  return { ranks, close: () => Promise.all(ranks.map((rank) => rank.leave())).then(() => undefined) };
}
async function joinedThreads(count: number): Promise<JoinedRanks> {
  const gangs = await ring(count);
  const channels = gangs.map(() => new MessageChannel());
  const ranks = gangs.map((gang, at) => {
    const { port1, port2 } = channels[at] ?? new MessageChannel();
    serveCollective(port1, gang);
    return threadCollective(port2, gang);
  });
  const close = async (): Promise<void> => {
    for (const { port1 } of channels) port1.close();
    await Promise.all(gangs.map((gang) => gang.leave()));
  };
  return { ranks, close };
}

collectiveContract('a lone gang', 1, () => Promise.resolve({ ranks: [loneGang()], close: () => Promise.resolve() }));
collectiveContract('a ring', 2, () => joinedRing(2));
collectiveContract('a ring', 3, () => joinedRing(3));
collectiveContract('a ring', 5, () => joinedRing(5));
collectiveContract('a ring seen from another thread', 2, () => joinedThreads(2));

/** A thread of its own, as `block` stops the one that calls it; it answers with what `work(collective)` gives, or with the code of its error. */
function inThread(gang: Gang, work: string): { result: Promise<unknown>; end(): Promise<unknown> } {
  const { port1, port2 } = new MessageChannel();
  serveCollective(port1, gang);
  const door = new URL('../../dist/index.js', import.meta.url).href;
  const { rank, worldSize } = gang;
  const source = `
    const { parentPort, workerData: { door, port, place } } = require('node:worker_threads');
    import(door)
      .then(({ threadCollective }) => (${work})(threadCollective(port, place)))
      .then((value) => parentPort.postMessage(value), (error) => parentPort.postMessage(error.code ?? String(error)))
      .finally(() => port.close());`;
  const workerData = { door, port: port2, place: { rank, worldSize } };
  const worker = new Worker(source, { eval: true, workerData, transferList: [port2] });
  return { result: once(worker, 'message').then(([value]: unknown[]) => value), end: () => worker.terminate() };
}

describe('a thread that can’t await', () => {
  test('stands still until its operation has ended, in turn with those that it did not wait for', async () => {
    const gangs = await ring(3);
    const work = `async (team) => {
      const earlier = team.allReduce(Int32Array.of(team.rank), 'max');
      const sum = team.blocking.allReduce(Float64Array.of(team.rank, 0.5), 'sum');
      const lists = team.blocking.allGather(new Uint8Array(team.rank).fill(team.rank));
      const long = team.blocking.allReduce(new Float32Array(300_007).fill(1), 'sum');
      return { earlier: [...(await earlier)], sum: [...sum], lists: lists.map((list) => [...list]), long: [long.length, Math.min(...long.subarray(-9))] };
    }`;
    const threads = gangs.map((gang) => inThread(gang, work));
    const wanted = { earlier: [2], sum: [3, 1.5], lists: [[], [1], [2, 2]], long: [300_007, 3] };
    expect(await Promise.all(threads.map(({ result }) => result))).toEqual([wanted, wanted, wanted]);
    await Promise.all(threads.map(({ end }) => end()));
  });
  test('goes on with an error when a rank is lost', async () => {
    const { gangs, cut } = await brittleRing(2);
    const [, second] = gangs;
    if (!second) throw new Error('Two ranks were asked for.');
    const thread = inThread(second, `(team) => team.blocking.allGather(new Uint8Array(1))`);
    cut(0);
    expect(await thread.result).toBe('rank.peer-lost');
    await thread.end();
  });
});

describe('arrays in shared memory', () => {
  test('are reduced where they lie', async () => {
    const { ranks, close } = await joinedThreads(2);
    const given = ranks.map(({ rank }) => new Float64Array(new SharedArrayBuffer(8 * 1001)).fill(rank + 1));
    const sums = await Promise.all(ranks.map((rank, at) => rank.allReduce(given[at] ?? new Float64Array(0), 'sum')));
    sums.forEach((sum, at) => expect(sum).toBe(given[at]));
    expect(given.map((values) => values.every((value) => value === 3))).toEqual([true, true]);
    await close();
  });
});

describe('a rank that is gone', () => {
  test.each([2, 3, 4])('ends what the others wait for, with its name, among %i', async (count) => {
    const { gangs, cut } = await brittleRing(count);
    const others = gangs.slice(1);
    const waits = others.map((gang) =>
      gang.barrier().then(
        () => null,
        (error: unknown) => error,
      ),
    );
    cut(0);
    const errors = await Promise.all(waits);
    expect(errors).toEqual(
      others.map((_, at) => expect.objectContaining({ code: 'rank.peer-lost', facts: expect.objectContaining({ rank: at + 1, peer: 0 }) })),
    );
  });
  test('is noticed by those who wait for nothing', async () => {
    const { gangs, cut } = await brittleRing(2);
    cut(0);
    expect(await gangs[1]?.whenLost).toMatchObject({ code: 'rank.peer-lost', facts: { peer: 0, how: 'closed' } });
  });
  test('but left in good order is missed only by who calls it', async () => {
    const [first, second] = await ring(2);
    await first?.leave();
    await expect(second?.barrier()).rejects.toMatchObject({ facts: { peer: 0, how: 'left' } });
  });
  test('is told from one that is only silent for a while', async () => {
    const clocks = [manualClock(0), manualClock(0)];
    const [first] = await ring(2, clocks);
    const advance = (seconds: number): void => {
      for (let second = 0; second < seconds; second += 1) clocks[0]?.advance(1_000);
    };
    let lost: unknown = null;
    void first?.whenLost.then((error) => (lost = error));
    advance(19);
    await new Promise((resolve) => setImmediate(resolve));
    expect(lost).toBeNull();
    advance(3);
    expect(await first?.whenLost).toMatchObject({ facts: { peer: 1, how: 'silent' } });
  });
  test('is not accused by a watcher that stood still itself', async () => {
    const ticking = manualClock(0);
    let stoodStillMs = 0;
    const stalled: Clock = { ...ticking, monotonicMs: () => ticking.monotonicMs() + stoodStillMs };
    const [first, second] = await ring(2, [stalled, manualClock(0)]);
    stoodStillMs = 60_000;
    ticking.advance(1_000);
    expect((await Promise.all([first?.allReduce(Int32Array.of(1), 'sum'), second?.allReduce(Int32Array.of(2), 'sum')]))[0]?.[0]).toBe(3);
  });
});

describe('joining', () => {
  test('waits for ranks that begin later', async () => {
    const all = await listeners(2, [], GANG_SETTINGS);
    const peers = addresses(all);
    const early = all[0]?.join({ rank: 0, worldSize: 2, peers, secret: SECRET });
    // Rank 0 calls at once; its call waits in the listener of rank 1.
    await new Promise((resolve) => setImmediate(resolve));
    const late = all[1]?.join({ rank: 1, worldSize: 2, peers, secret: SECRET });
    const gangs = await Promise.all([early, late]);
    for (const gang of gangs) if (gang) open.push(gang);
    expect(gangs.map((gang) => gang?.rank)).toEqual([0, 1]);
  });
  test('names the rank that can’t be reached', async () => {
    const all = await listeners(2, [], { ...GANG_SETTINGS, joinMs: 300 });
    const peers = addresses(all);
    all[1]?.close();
    await expect(all[0]?.join({ rank: 0, worldSize: 2, peers, secret: SECRET })).rejects.toMatchObject({
      code: 'rank.peer-lost',
      facts: { rank: 0, peer: 1, how: 'unreachable' },
    });
  });
  test('refuses a rank with another secret', async () => {
    const all = await listeners(2, [], { ...GANG_SETTINGS, joinMs: 400 });
    const peers = addresses(all);
    const joins = all.map((listener, rank) => listener.join({ rank, worldSize: 2, peers, secret: `${SECRET}${rank}` }));
    const results = await Promise.allSettled(joins);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
  test('takes no harm from strangers', async () => {
    const all = await listeners(2, [], GANG_SETTINGS);
    const peers = addresses(all);
    const strangers = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const socket = createConnection({ host: '127.0.0.1', port: all[0]?.port ?? 0 });
        socket.on('error', () => undefined);
        await once(socket, 'connect');
        socket.write(Buffer.alloc(200, 'GET / HTTP/1.1\r\n'));
        return socket;
      }),
    );
    const gangs = await Promise.all(all.map((listener, rank) => listener.join({ rank, worldSize: 2, peers, secret: SECRET })));
    open.push(...gangs);
    expect((await Promise.all(gangs.map((gang) => gang.allReduce(Int32Array.of(1), 'sum')))).map(([sum]) => sum)).toEqual([2, 2]);
    for (const socket of strangers) socket.destroy();
  });
  test('never sends the secret', async () => {
    const [listener] = await listeners(1, [], { ...GANG_SETTINGS, joinMs: 300 });
    const sent: Buffer[] = [];
    const spy = createServer((socket) => socket.on('data', (bytes) => sent.push(bytes)).on('error', () => undefined));
    await once(spy.listen(0, '127.0.0.1'), 'listening');
    const { port } = spy.address() as { port: number };
    await listener?.join({ rank: 0, worldSize: 2, peers: ['x', `127.0.0.1:${port}`], secret: SECRET }).catch(() => undefined);
    spy.close();
    expect(Buffer.concat(sent).length).toBeGreaterThan(0);
    expect(Buffer.concat(sent).includes(SECRET)).toBe(false);
  });
});

describe('ranks that have gone different ways', () => {
  test.each([
    ['operations', (gang: Gang) => (gang.rank === 0 ? gang.barrier() : gang.allReduce(Int32Array.of(1), 'sum'))],
    ['reductions', (gang: Gang) => gang.allReduce(Int32Array.of(1), gang.rank === 0 ? 'sum' : 'min')],
    ['kinds of array', (gang: Gang) => gang.allReduce(gang.rank === 0 ? Int32Array.of(1) : Float32Array.of(1), 'sum')],
    ['lengths', (gang: Gang) => gang.allReduce(new Int32Array(gang.rank + 4), 'sum')],
  ])('by their %s are told', async (_what, operate) => {
    const gangs = await ring(2);
    const errors = await Promise.all(
      gangs.map((gang) =>
        operate(gang).then(
          () => null,
          (error: unknown) => error,
        ),
      ),
    );
    const codes = errors.map((error) => (error as { code?: string } | null)?.code);
    expect(codes).toContain('rank.mismatch');
    expect(codes.every((code) => code === 'rank.mismatch' || code === 'rank.peer-lost')).toBe(true);
  });
});
