import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import type { ChildProcess } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { leaseId, MAX_SIGNING, type DeathCause, type FromActorProcess, type ProcessStart, type ToActorProcess } from '@trainer/model';
import { manualClock, type ManualClock } from '@trainer/runtime/testing';
import type { ChannelEvents } from './actor-channel.js';
import { SupervisedActor } from './supervised-actor.js';

const TIMING = { startMs: 60_000, stopAskedMs: 3_000, stopTermMs: 1_000, livenessMs: 10_000, progressLeastMs: 600_000 };

/** A rank whose process is only said: it speaks when told to, and ends when its group is killed. */
function supervised(stderr: PassThrough | null = null): {
  clock: ManualClock;
  actor: SupervisedActor;
  says: (message: FromActorProcess) => void;
  exits: () => void;
  causes: DeathCause[];
  /** Each lets one request be signed. */
  signing: (() => void)[];
  /** What the process was told. */
  told: ToActorProcess[];
} {
  const clock = manualClock(0);
  const causes: DeathCause[] = [];
  const told: ToActorProcess[] = [];
  const child = Object.assign(new EventEmitter(), { pid: 4711, stdout: null, stderr }) as unknown as ChildProcess;
  let heard: ChannelEvents | undefined;
  const channel = { listen: (events: ChannelEvents) => void (heard = events), send: (message: ToActorProcess) => void told.push(message) };
  let isAlive = true;
  const signal = (): boolean => {
    const wasAlive = isAlive;
    isAlive = false;
    if (wasAlive) {
      child.emit('exit', null, 'SIGKILL');
      heard?.onClosed();
    }
    return wasAlive;
  };
  const never = new Promise<ProcessStart>(() => undefined);
  const signing: (() => void)[] = [];
  const actor = new SupervisedActor(
    { lease: leaseId('1-1'), isRank: true, memoryBytes: 0 },
    {
      clock,
      timing: TIMING,
      spawn: () => ({ process: child, channel }),
      prepare: () => never,
      kernelKills: () => 0,
      sign: ({ key }) => new Promise((resolve) => void signing.push(() => resolve(`http://store/${key}`))),
      groups: { signal, isAlive: () => isAlive, endStrays: (done) => done() },
    },
    {
      onStarted: () => undefined,
      onReady: () => undefined,
      onReport: () => undefined,
      onState: () => undefined,
      onLine: () => undefined,
      onEnded: (cause) => causes.push(cause),
    },
  );
  const says = (message: FromActorProcess, bytes = 10): void => heard?.onMessage(message, bytes);
  says({ kind: 'ready', address: 'h:1' });
  const exits = (): void => {
    isAlive = false;
    child.emit('exit', 1, null);
  };
  return { clock, actor, causes, says, exits, signing, told };
}

/** Beats every second, and the watch looks after each. */
function live({ clock, actor, says }: ReturnType<typeof supervised>, seconds: number, step: number | null): void {
  for (let second = 0; second < seconds; second += 1) {
    clock.advance(1_000);
    says({ kind: 'beat', step });
    actor.checkBeat(clock.monotonicMs(), false);
  }
}

describe('a process that ended with words on stderr', () => {
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  };
  test('is heard to the end of them, also where they are read after its exit', async () => {
    const stderr = new PassThrough();
    const rank = supervised(stderr);
    rank.exits();
    rank.clock.advance(1_002);
    await turns();
    expect(rank.causes).toEqual([]);
    stderr.end('Error: port 80 is taken');
    await turns();
    expect(rank.causes).toEqual([{ kind: 'exited', code: 1, lastError: 'Error: port 80 is taken' }]);
  });
  test('is no longer waited for where somebody else holds its pipe', async () => {
    const rank = supervised(new PassThrough());
    rank.exits();
    rank.clock.advance(1_002);
    rank.clock.advance(1_002);
    await turns();
    expect(rank.causes).toEqual([{ kind: 'exited', code: 1 }]);
  });
});

describe('a process that ended with an error', () => {
  const THREW: FromActorProcess = { kind: 'threw', text: 'Error: gone' };
  test('is heard to the end where its agent stood still meanwhile: what it said is read after the timers', () => {
    const rank = supervised();
    rank.exits();
    rank.clock.advance(1_000);
    rank.says(THREW);
    rank.clock.advance(1);
    expect(rank.causes).toEqual([{ kind: 'exited', code: 1, lastError: 'Error: gone' }]);
  });
  test('is not waited for longer where somebody else holds its channel', () => {
    const rank = supervised();
    rank.exits();
    rank.clock.advance(1_001);
    expect(rank.causes).toMatchObject([{ kind: 'exited', code: 1 }]);
  });
});

describe('a rank', () => {
  test('whose loop beats, but whose step does not end, is killed with that cause', () => {
    const rank = supervised();
    live(rank, 600, 1);
    expect(rank.causes).toEqual([]);
    live(rank, 2, 1);
    expect(rank.causes).toEqual([{ kind: 'killed', by: 'its agent, as one step of its work took more than 600 s' }]);
  });
  test('that waits for others or for the head may wait as long as it likes', () => {
    const rank = supervised();
    live(rank, 2_000, null);
    expect(rank.causes).toEqual([]);
  });
  test('with ever new steps lives', () => {
    const rank = supervised();
    for (let step = 1; step < 10; step += 1) live(rank, 300, step);
    expect(rank.causes).toEqual([]);
  });
  test('whose loop stands still is killed with that cause', () => {
    const rank = supervised();
    live(rank, 5, 1);
    rank.clock.advance(10_001);
    rank.actor.checkBeat(rank.clock.monotonicMs(), false);
    expect(rank.causes).toEqual([{ kind: 'killed', by: 'its agent, as its main loop stood still for 10000 ms' }]);
  });
  test('is not accused by a watch that stood still itself', () => {
    const rank = supervised();
    live(rank, 5, 1);
    rank.clock.advance(700_000);
    rank.actor.checkBeat(rank.clock.monotonicMs(), true);
    live(rank, 5, 1);
    expect(rank.causes).toEqual([]);
  });
});

describe('a process that wants requests to the object store signed', () => {
  const asks = (number: number): FromActorProcess => {
    return { kind: 'sign', number, request: { method: 'GET', bucket: 'data', key: `k${number}`, query: {} } };
  };
  test('is given each address by the number of its question', async () => {
    const rank = supervised();
    for (const number of [1, 2]) rank.says(asks(number));
    for (const sign of rank.signing.reverse()) sign();
    await settled();
    expect(rank.told.filter(({ kind }) => kind === 'signed')).toEqual([
      { kind: 'signed', number: 2, url: 'http://store/k2' },
      { kind: 'signed', number: 1, url: 'http://store/k1' },
    ]);
    expect(rank.causes).toEqual([]);
  });
  test('may ask again and again, but not for more at once than its bound', async () => {
    const rank = supervised();
    for (let number = 1; number <= 3 * MAX_SIGNING; number += 1) {
      rank.says(asks(number));
      rank.signing.pop()?.();
      await settled();
    }
    for (let number = 1; number <= MAX_SIGNING; number += 1) rank.says(asks(number));
    expect(rank.causes).toEqual([]);
    rank.says(asks(0));
    expect(rank.causes).toMatchObject([{ kind: 'broke-protocol', why: expect.stringMatching(/100 requests wait to be signed/) }]);
  });
});

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
}
