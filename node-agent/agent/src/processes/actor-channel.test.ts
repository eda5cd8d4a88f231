import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { serialize } from 'node:v8';
import { expect, test } from '@jest/globals';
import { leaseId, type DeathCause, type FromActorProcess, type ProcessStart } from '@trainer/model';
import { byteFrame, deferred, systemClock } from '@trainer/runtime';
import { encodeFromActorProcess, MAX_FROM_ACTOR_BYTES } from '@trainer/wire';
import { anyDeathCause, anyFromActorProcess, anyRankReport } from '@trainer/wire/testing';
import fc from 'fast-check';
import { groupMembers, signalGroup } from '../folder/process-table.js';
import { actorChannel, CHANNEL_PIPES } from './actor-channel.js';
import { SupervisedActor } from './supervised-actor.js';

/** Processes in each property here; for a long run by hand make it 3,000. */
const RUNS = 40;

const clock = systemClock();
const TIMING = { startMs: 60_000, stopAskedMs: 3_000, stopTermMs: 1_000, livenessMs: 10_000, progressLeastMs: 600_000 };

interface Life {
  readonly cause: DeathCause;
  readonly reports: readonly number[];
  readonly ends: number;
}

/** A rank's process that says just these bytes, and ends. */
async function lifeOf(chunks: readonly Uint8Array[]): Promise<Life> {
  const child = spawn('sh', ['-c', 'exec cat >&3'], { detached: true, stdio: ['pipe', 'pipe', 'pipe', ...CHANNEL_PIPES] });
  const over = deferred<DeathCause>();
  const reports: number[] = [];
  let ends = 0;
  new SupervisedActor(
    { lease: leaseId('1-1'), isRank: true, memoryBytes: 0 },
    {
      clock,
      timing: TIMING,
      spawn: () => ({ process: child, channel: actorChannel(child, clock) }),
      prepare: () => new Promise<ProcessStart>(() => undefined),
      kernelKills: () => 0,
      sign: () => Promise.reject(new Error('not here')),
      groups: { signal: signalGroup, isAlive: (group) => groupMembers(group).length > 0, endStrays: (done) => done() },
    },
    {
      onStarted: () => undefined,
      onReady: () => undefined,
      onReport: (number) => void reports.push(number),
      onState: () => undefined,
      onLine: () => undefined,
      onEnded: (cause) => {
        ends += 1;
        over.resolve(cause);
      },
    },
  );
  // It is killed while it still relays: what is then written goes nowhere.
  child.stdin.on('error', () => undefined);
  for (const chunk of chunks) if (!child.stdin.write(chunk)) await Promise.race([once(child.stdin, 'drain'), once(child, 'exit')]);
  child.stdin.end();
  return { cause: await over.promise, reports, ends };
}

const said = (message: FromActorProcess): Buffer => byteFrame(encodeFromActorProcess(message));
const READY = said({ kind: 'ready', address: 'h:1' });

const anyMutated = fc
  .tuple(anyFromActorProcess.map(said), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([frame, changes, isCut]) => {
    for (const [at, byte] of changes) frame[at % frame.length] = byte;
    return isCut ? frame.subarray(0, frame.length / 2) : frame;
  });
const anyChunk = fc.oneof(
  anyFromActorProcess.map(said),
  anyMutated,
  fc.uint8Array({ maxLength: 300 }),
  fc.uint8Array({ maxLength: 300 }).map(byteFrame),
  fc.constantFrom(byteFrame(serialize(null)), Buffer.from('null\n'), Buffer.from('{"cmd":"NODE_HANDLE","type":"net.Server"}\n'), READY),
);

test('whatever bytes a process sends, it ends once, with a cause, and its agent goes on', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyChunk, { maxLength: 12 }), async (chunks) => {
      const { cause, reports, ends } = await lifeOf(chunks);
      expect(ends).toBe(1);
      expect(reports).toEqual(reports.map((_, i) => i + 1));
      expect(['exited', 'broke-protocol', 'constructor-threw', 'load-failed', 'owner-gone', 'finished']).toContain(cause.kind);
    }),
    { numRuns: RUNS },
  );
}, 600_000);

test('a process that keeps to the protocol is never accused', async () => {
  const anyPiece = fc.oneof(
    anyRankReport.map((report) => ({ kind: 'report' as const, report })),
    fc.nat().map((step) => ({ kind: 'beat' as const, step })),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(anyPiece, { maxLength: 30 }), async (pieces) => {
      let number = 0;
      const frames = pieces.map((piece) => said(piece.kind === 'report' ? { ...piece, number: (number += 1) } : piece));
      const { cause, reports } = await lifeOf([Buffer.concat([READY, ...frames])]);
      expect(cause).toEqual({ kind: 'exited', code: 0 });
      expect(reports).toHaveLength(number);
    }),
    { numRuns: RUNS },
  );
}, 600_000);

test('a process that says of itself what only its agent can know is ended for it', async () => {
  const own = new Set(['constructor-threw', 'load-failed', 'owner-gone']);
  await fc.assert(
    fc.asyncProperty(
      anyDeathCause.filter(({ kind }) => !own.has(kind)),
      async (cause) => expect((await lifeOf([said({ kind: 'failed', cause })])).cause.kind).toBe('broke-protocol'),
    ),
    { numRuns: 10 },
  );
}, 600_000);

const report = (number: number): Buffer => said({ kind: 'report', number, report: { kind: 'progress', done: 0, epoch: 1 } });
const big = (bytes: number): Buffer => {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(bytes);
  return head;
};
test.each([
  ['nothing', [serialize(null)].map(byteFrame), 'message'],
  ['an empty frame', [byteFrame(new Uint8Array(0))], 'message'],
  ['a frame above the limit', [big(MAX_FROM_ACTOR_BYTES + 1)], 'limit'],
  ['a length of 4 GiB', [big(2 ** 32 - 1)], 'limit'],
  ['a frame of zeros at the limit', [big(MAX_FROM_ACTOR_BYTES), Buffer.alloc(MAX_FROM_ACTOR_BYTES)], ''],
  ['ready twice', [READY, READY], 'ready twice'],
  ['a report before ready', [report(1)], 'before it was ready'],
  ['a report that comes twice', [READY, report(1), report(1)], 'after report 1 came report 1'],
  ['a report that leaves a gap', [READY, report(2)], 'after report 0 came report 2'],
  ['a state of a rank', [READY, said({ kind: 'state', number: 1, state: { kind: 'inline', bytes: new Uint8Array(1) } })], 'no state'],
  ['1,001 reports without waiting', [READY, ...Array.from({ length: 1_001 }, (_, i) => report(i + 1))], '1000 reports'],
])('%s ends the process that sent it, and the cause says so', async (_, chunks, why) => {
  const { cause } = await lifeOf(chunks);
  expect(cause).toEqual({ kind: 'broke-protocol', why: expect.stringContaining(why) });
});

test('1,000 reports may wait for the head', async () => {
  const { cause, reports } = await lifeOf([Buffer.concat([READY, ...Array.from({ length: 1_000 }, (_, i) => report(i + 1))])]);
  expect(cause).toEqual({ kind: 'exited', code: 0 });
  expect(reports).toHaveLength(1_000);
});

(process.platform === 'linux' ? test : test.skip)(
  'the last word of a process is read while its agent goes on writing to it',
  async () => {
    const says = `
    const { Socket } = require('node:net');
    const socket = new Socket({ fd: 3, readable: false, writable: true });
    process.once('SIGUSR2', () => socket.write(Buffer.from(process.argv[1], 'hex'), () => process.kill(process.pid, 'SIGKILL')));
    setInterval(() => undefined, 60_000);
    process.stdout.write('up');`;
    const words = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const child = spawn(process.execPath, ['-e', says, READY.toString('hex')], {
          stdio: ['ignore', 'pipe', 'ignore', ...CHANNEL_PIPES],
        });
        const channel = actorChannel(child, clock);
        const heard: string[] = [];
        const closed = new Promise<void>((resolve) =>
          channel.listen({ onMessage: ({ kind }) => void heard.push(kind), onBroken: () => undefined, onClosed: resolve }),
        );
        const { pid, stdout } = child;
        if (pid === undefined || stdout === null) throw new Error('it was not started');
        await once(stdout, 'data');
        process.kill(pid, 'SIGUSR2');
        // This loop stands still until the process is gone, as a busy one does, and writes before it reads.
        const deadline = clock.monotonicMs() + STANDS_STILL_MS;
        while (processIsThere(pid) && clock.monotonicMs() < deadline) continue;
        channel.send({ kind: 'owned', leftMs: 1_000 });
        await closed;
        return heard;
      }),
    );
    expect(words).toEqual(Array.from({ length: 10 }, () => ['ready']));
  },
  180_000,
);

/** A process ends within milliseconds; a test must not stand still for ever. */
const STANDS_STILL_MS = 5_000;

/** A process that has ended and is not waited for yet is a zombie: its own end of the channel is closed. */
function processIsThere(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
