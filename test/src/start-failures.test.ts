import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { systemClock, until } from '@trainer/runtime';
import { newHome, runTrainer, startProgram, stillRunning, TRAINER, treeOf, type Program } from './harness/index.js';

jest.setTimeout(60_000);

/** Far above what the failure takes, far below what a wait for something that never comes would. */
const SOON_MS = 60_000;
const UP = ['up', '--no-sample', '--port', '0', '--no-gateway'];
const isRoot = process.getuid?.() === 0;
/** Takes connections, and says nothing. */
let mute: Server;
let mutePort = 0;

beforeAll(async () => {
  mute = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  await new Promise((resolve) => mute.once('listening', resolve));
  mutePort = (mute.address() as AddressInfo).port;
});
afterAll(() => void mute.close());

interface Case {
  readonly words?: readonly string[];
  readonly env?: (home: string) => Record<string, string>;
  readonly before?: (home: string) => Promise<unknown>;
  readonly says: RegExp;
  readonly code?: number;
}

const CASES: Readonly<Record<string, Case>> = {
  'a PostgreSQL that refuses connections': {
    env: () => ({ POSTGRES_HOST: '127.0.0.1', POSTGRES_PORT: '1' }),
    says: /database|PostgreSQL/i,
  },
  'that PostgreSQL and a NATS that refuses too': {
    env: () => ({ POSTGRES_HOST: '127.0.0.1', POSTGRES_PORT: '1', NATS_URL: 'nats://127.0.0.1:1' }),
    says: /database|PostgreSQL/i,
  },
  'that PostgreSQL and a NATS that says nothing': {
    env: () => ({ POSTGRES_HOST: '127.0.0.1', POSTGRES_PORT: '1', NATS_URL: `nats://127.0.0.1:${mutePort}` }),
    says: /database|PostgreSQL/i,
  },
  'a folder where none can be': { env: () => ({ TRAINER_HOME: '/proc/x' }), says: /\/proc\/x/ },
  'a folder below a file': {
    before: (home) => writeFile(join(home, 'file'), ''),
    env: (home) => ({ TRAINER_HOME: join(home, 'file', 'home') }),
    says: /file\/home/,
  },
  'an object store where none can be': { env: () => ({ TRAINER_OBJECTS: '/proc/x' }), says: /TRAINER_OBJECTS.*\/proc\/x/, code: 2 },
  'an object store that is a file': {
    before: (home) => writeFile(join(home, 'objects'), ''),
    env: (home) => ({ TRAINER_OBJECTS: join(home, 'objects') }),
    says: /objects/,
  },
  'a nats-server that is none': { env: () => ({ TRAINER_NATS_SERVER: '/bin/false' }), says: /nats-server/ },
  'a nats-server that is not there': {
    env: () => ({ TRAINER_NATS_SERVER: '/none' }),
    says: /TRAINER_NATS_SERVER: \/none is not executable/,
    code: 2,
  },
  'a data folder of another version': { before: (home) => writeFile(join(home, 'VERSION'), '99'), says: /version 99/ },
  'an identity that is damaged': {
    before: async (home) => {
      await mkdir(join(home, 'agent'), { recursive: true });
      await writeFile(join(home, 'agent', 'node.json'), '{');
    },
    says: /node\.json/,
  },
  'a setting that is wrong': { env: () => ({ TRAINER_UPLOADS: 'many' }), says: /TRAINER_UPLOADS/, code: 2 },
  'an open address without saying so': {
    words: ['up', '--no-sample', '--port', '0'],
    env: () => ({ SERVICE_HOST: '0.0.0.0' }),
    says: /AUTH=off/,
    code: 2,
  },
  'a bucket that is none': { env: () => ({ MINIO_BUCKET_DATA: 'A/B' }), says: /MINIO_BUCKET_DATA/, code: 2 },
  'a database that is none': { env: () => ({ DATABASE_URL: 'foo' }), says: /DATABASE_URL.*postgresql:/, code: 2 },
  'a public URL that is none': { env: () => ({ TRAINER_PUBLIC_URL: 'trainer.example' }), says: /TRAINER_PUBLIC_URL/, code: 2 },
  'a port of REST that is taken': { words: ['up', '--no-sample', '--port', 'MUTE'], says: /Port \d+ is taken/ },
  'an address of REST that is not this machine': {
    words: ['up', '--no-sample', '--port', '0'],
    env: () => ({ SERVICE_HOST: '203.0.113.7', AUTH: 'off' }),
    says: /203\.0\.113\.7/,
  },
};

describe('a start that fails ends in time, with one line and a code that is not 0', () => {
  test.each(Object.keys(CASES))('%s', async (name) => {
    const { words = UP, env = () => ({}), before, says, code = 1 } = CASES[name] as Case;
    await using home = await newHome();
    await before?.(home.path);
    const given = words.map((word) => word.replace('MUTE', String(mutePort)));
    const program = startProgram(process.execPath, [TRAINER, ...given], { env: { TRAINER_HOME: home.path, ...env(home.path) } });
    const pids = await endedWithin(program, SOON_MS);
    expect(await program.ended).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(/^[^\n]+\n$/) });
    expect((await program.ended).stderr).toMatch(says);
    await until('nothing of it runs', () => stillRunning(pids).length === 0, { clock: systemClock(), deadlineMs: 10_000 });
  });

  (isRoot ? test.skip : test)('a folder that may not be written', async () => {
    await using home = await newHome();
    await chmod(home.path, 0o500);
    const ended = await runTrainer(UP, { TRAINER_HOME: join(home.path, 'home') });
    await chmod(home.path, 0o700);
    expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/permission/i) });
  });
});

/** @returns all processes that were seen of it */
async function endedWithin(program: Program, deadlineMs: number): Promise<readonly number[]> {
  const seen = new Set<number>();
  const look = (): boolean => {
    for (const { pid } of treeOf(program.pid)) seen.add(pid);
    return program.hasEnded();
  };
  try {
    await until('it has ended', look, { clock: systemClock(), deadlineMs, describe: () => program.output() });
  } finally {
    program.kill('SIGKILL');
  }
  return [...seen];
}

describe('a start that is broken off', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('by %s at any moment ends at once, says nothing, and has its code', async (signal, code) => {
    for (const moment of ['lock', 'secret', 'postgres', 'agent/node.json']) {
      await using home = await newHome();
      const program = startProgram(process.execPath, [TRAINER, ...UP], { env: { TRAINER_HOME: home.path } });
      const isThere = (): Promise<boolean> =>
        readFile(join(home.path, moment)).then(
          () => true,
          (error) => error.code === 'EISDIR',
        );
      await until(`there is ${moment}`, isThere, { clock: systemClock(), deadlineMs: SOON_MS, everyMs: 1, describe: program.output });
      program.kill(signal);
      await endedWithin(program, SOON_MS);
      const ended = await program.ended;
      // The program that initdb runs hears of its end a moment later.
      const isStill = (): Promise<boolean> =>
        rm(home.path, { recursive: true, force: true }).then(
          () => true,
          () => false,
        );
      await until('nothing of it writes any more', isStill, { clock: systemClock(), deadlineMs: SOON_MS });
      // It may have been ready by then: the end of a cluster that runs is no failure.
      expect(ended.stdout === '' ? ended : { code, stderr: '' }).toMatchObject({ code, stderr: '' });
    }
  });
});

test('after a clean stop every command says at once that no cluster runs, and so it does after a kill', async () => {
  await using home = await newHome();
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const program = startProgram(process.execPath, [TRAINER, ...UP], { env: { TRAINER_HOME: home.path } });
    await until('it is ready', () => program.output().includes('is ready'), {
      clock: systemClock(),
      deadlineMs: SOON_MS,
      describe: program.output,
    });
    const pids = treeOf(program.pid).map(({ pid }) => pid);
    program.kill(signal);
    expect((await program.ended).code).toBe(signal === 'SIGTERM' ? 0 : null);
    await until('nothing of it runs', () => stillRunning(pids).length === 0, { clock: systemClock(), deadlineMs: 10_000 });
    for (const words of [['status'], ['jobs'], ['data', 'put', TRAINER]]) {
      const ended = await runTrainer(words, { TRAINER_HOME: home.path });
      expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^No cluster runs on /) });
      expect(ended.tookMs).toBeLessThan(5_000);
    }
  }
});
