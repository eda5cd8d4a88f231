import { spawn } from 'node:child_process';
import { expect, test } from '@jest/globals';
import type { Clock } from '@trainer/model';
import type { ServerFailedError } from './errors.js';
import { SupervisedServer, type RestartPolicy, type ServerProgram } from './supervised-server.js';

/** Timers that are due at once, on a clock that moves by what they asked for. */
function hastyClock(): Clock {
  let now = 0;
  return {
    wallMs: () => now,
    monotonicMs: () => now,
    after: (ms, call) => {
      const handle = setImmediate(() => {
        now += ms;
        call();
      });
      return { cancel: () => clearImmediate(handle) };
    },
  };
}

const policy: RestartPolicy = { readyWithinMs: 1e9, firstDelayMs: 50, longestDelayMs: 200, stableAfterMs: 1e9, mostDeaths: 3 };

function program(script: string, isReady: () => boolean): ServerProgram {
  return {
    name: 'a server',
    launch: () => spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'] }),
    isReady: () => Promise.resolve(isReady()),
    stopLadder: [{ signal: 'SIGKILL', waitMs: 1e9 }],
  };
}

test('a server that ends at its start fails with what it said last', async () => {
  const server = new SupervisedServer(
    program('echo no such setting >&2; exit 3', () => false),
    hastyClock(),
    policy,
    {},
  );
  await expect(server.start()).rejects.toThrow('a server ended at its start (exit code 3); it last said: no such setting');
});

test('a server that is not ready in time is ended', async () => {
  const server = new SupervisedServer(
    program('exec sleep 60', () => false),
    hastyClock(),
    { ...policy, readyWithinMs: 500 },
    {},
  );
  await expect(server.start()).rejects.toThrow('was not ready within 500 ms');
  expect(server.pid).toBeNull();
});

test('a program that is not there fails the start', async () => {
  const absent = { ...program('', () => false), launch: () => spawn('/not/there', { stdio: ['ignore', 'pipe', 'pipe'] }) };
  await expect(new SupervisedServer(absent, hastyClock(), policy, {}).start()).rejects.toThrow('ENOENT');
});

test('a server that dies too often in a row is given up', async () => {
  let lives = 0;
  const givenUp = await new Promise<ServerFailedError>((resolve) => {
    const dying = { ...program('exec sleep 60', () => true) };
    const launch = dying.launch;
    dying.launch = () => {
      lives += 1;
      const child = launch();
      setImmediate(() => setImmediate(() => child.kill('SIGKILL')));
      return child;
    };
    void new SupervisedServer(dying, hastyClock(), policy, { onGivenUp: resolve }).start();
  });
  expect(givenUp.message).toContain('died 3 times in a row (last: SIGKILL) and is not started again');
  expect(lives).toBe(3);
});
