import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ActorHandle } from '@trainer/client';
import { systemClock, until } from '@trainer/runtime';
import { CallLoad } from './call-load.js';
import type { Recorded, Recorder } from './recorder.js';

const SOON_MS = 60_000;
const CALLS = 6;

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainer-load-'));
  file = join(folder, 'calls');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** What an actor of the test does with a call: it may write lines as the real one does, and answers or throws. */
type Answering = (id: number, write: (line: string) => Promise<void>) => Promise<Recorded>;

async function violationsOf(answer: Answering, checkpointEvery?: 'call'): Promise<readonly string[]> {
  const record = (id: number): Promise<Recorded> => answer(id, (line) => appendFile(file, `${line}\n`));
  const handle = { call: { record } } as unknown as ActorHandle<Recorder>;
  const load = new CallLoad(handle, file).start();
  await until('some calls were made', () => load.counts.made >= CALLS, { clock: systemClock(), deadlineMs: SOON_MS, everyMs: 1 });
  await load.stop();
  return load.violations(checkpointEvery);
}

const died = (outcome: string): Error => Object.assign(new Error('died'), { facts: { outcome } });
const honest: Answering = async (id, write) => {
  await write(`${id} 1`);
  return { pid: 1, before: id - 1 };
};

describe('what is held against the calls of an actor', () => {
  test('nothing, where each answered call ran once and in order', async () => {
    expect(await violationsOf(honest, 'call')).toEqual([]);
  });

  test('an answered call that never ran', async () => {
    const found = await violationsOf(async (id, write) => (id === 2 ? { pid: 1, before: 1 } : honest(id, write)));
    expect(found).toEqual(['call 2 was answered and ran 0 times']);
  });

  test('a call that ran twice', async () => {
    const found = await violationsOf(async (id, write) => {
      if (id === 2) await write('2 1');
      return honest(id, write);
    });
    // The second time may be after calls that were made later.
    expect(found).toEqual(expect.arrayContaining(['call 2 was answered and ran 2 times', 'call 2 ran 2 times']));
  });

  test('a call that ran though it was said not to have', async () => {
    const found = await violationsOf(async (id, write) => {
      const answer = await honest(id, write);
      if (id === 2) throw died('not-run');
      return answer;
    });
    expect(found).toEqual(['call 2 was said not to have run and ran 1 times']);
  });

  test('not a call of unknown outcome, whether it ran or not', async () => {
    const found = await violationsOf(async (id, write) => {
      if (id === 2) throw died('unknown');
      const answer = await honest(id, write);
      if (id === 4) throw died('unknown');
      return answer;
    });
    expect(found).toEqual([]);
  });

  test('an error that tells no outcome', async () => {
    const found = await violationsOf(async (id, write) => (id === 2 ? Promise.reject(new Error('lost')) : honest(id, write)));
    expect(found).toEqual(['call 2 never settled, or with an error that tells no outcome: Error: lost']);
  });

  test('a call that ran before an earlier one of the same process', async () => {
    const found = await violationsOf(async (id, write) => {
      if (id === 2) return { pid: 1, before: 1 };
      if (id === 3) await write('3 1\n2 1');
      return id === 3 ? { pid: 1, before: 2 } : honest(id, write);
    });
    expect(found).toEqual(expect.arrayContaining(['call 2 ran in process 1 after call 3, which was made later']));
  });

  test('a state that lost an answered call, where each was to be stored', async () => {
    const forgetful: Answering = async (id, write) => ({ ...(await honest(id, write)), before: id === 4 ? 1 : id - 1 });
    expect(await violationsOf(forgetful, 'call')).toEqual(['call 4 met a state that ends with 1, and 3 was answered']);
    await rm(file);
    expect(await violationsOf(forgetful)).toEqual([]);
  });
});
