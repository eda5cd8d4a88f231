import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { processName } from '@trainer/runtime';
import { findCluster, homeFolder } from './find-cluster.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainer-find-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function leaveCluster(home: string, address: string): Promise<void> {
  await mkdir(home, { recursive: true });
  const { pid, start } = (await processName(process.pid)) ?? { pid: 0, start: '' };
  await writeFile(join(home, 'cluster.json'), JSON.stringify({ address, restUrl: null, pid, start, version: '1' }));
  await writeFile(join(home, 'secret'), 'deep\n');
}
const at = (environment: Record<string, string> = {}, sub = '.') => ({ environment, folder: join(folder, sub), now: 5 });

test('what the program says goes first', async () => {
  const environment = { TRAINER_ADDRESS: 'other:1', TRAINER_TOKEN: 'other' };
  expect(await findCluster({ address: 'head:7', token: 't' }, at(environment))).toEqual({ address: 'head:7', secret: 't' });
});

test('TRAINER_ADDRESS goes with TRAINER_TOKEN', async () => {
  expect(await findCluster({}, at({ TRAINER_ADDRESS: 'head:7', TRAINER_TOKEN: 't' }))).toEqual({ address: 'head:7', secret: 't' });
});

test('an address without a token is refused before anything is sent', async () => {
  await expect(findCluster({}, at({ TRAINER_ADDRESS: 'head:7' }))).rejects.toMatchObject({
    code: 'auth.missing',
    facts: { address: 'head:7' },
  });
});

test('the embedded cluster of TRAINER_HOME is found with its secret', async () => {
  await leaveCluster(join(folder, 'home'), '127.0.0.1:9');
  expect(await findCluster({}, at({ TRAINER_HOME: 'home' }))).toEqual({ address: '127.0.0.1:9', secret: 'deep' });
});

test('a home that the program names goes before the environment', async () => {
  await leaveCluster(join(folder, 'home'), '127.0.0.1:9');
  expect(await findCluster({ home: 'home' }, at({ TRAINER_ADDRESS: 'head:7', TRAINER_TOKEN: 't' }))).toMatchObject({
    address: '127.0.0.1:9',
  });
});

test('without any word the nearest .trainer upwards is taken', async () => {
  await leaveCluster(join(folder, '.trainer'), '127.0.0.1:9');
  expect(await findCluster({}, at({}, 'a/b/c'))).toMatchObject({ address: '127.0.0.1:9' });
});

test('no cluster anywhere says where it looked and what to do', async () => {
  await expect(findCluster({ home: 'gone' }, at())).rejects.toMatchObject({
    code: 'cluster.unavailable',
    facts: { addresses: [], since: 5 },
    message: expect.stringContaining('npm start'),
  });
});

test('the data folder is the named one, else the nearest .trainer upwards, else that of the folder itself', async () => {
  const deep = join(folder, 'a', 'b');
  expect(await homeFolder('x', deep)).toBe(join(deep, 'x'));
  expect(await homeFolder(undefined, deep)).toBe(join(deep, '.trainer'));
  await mkdir(join(folder, 'a', '.trainer'), { recursive: true });
  expect(await homeFolder(undefined, deep)).toBe(join(folder, 'a', '.trainer'));
  expect(await homeFolder('', deep)).toBe(join(folder, 'a', '.trainer'));
});

test.each([
  ['of a process that has ended', JSON.stringify({ address: '127.0.0.1:9', restUrl: null, pid: 2 ** 22, start: '1', version: '1' })],
  ['of a number that another process has by now', JSON.stringify({ address: '127.0.0.1:9', pid: process.pid, start: '1' })],
  ['of an older form', JSON.stringify({ address: '127.0.0.1:9', pid: process.pid })],
  ['that is empty', ''],
  ['that is no JSON', '{"address":'],
  ['of another kind', 'null'],
])('a cluster file %s is of no cluster that runs', async (_what, text) => {
  const home = join(folder, 'home');
  await leaveCluster(home, '127.0.0.1:9');
  await writeFile(join(home, 'cluster.json'), text);
  await expect(findCluster({ home }, at())).rejects.toMatchObject({ code: 'cluster.unavailable' });
});

(process.getuid?.() === 0 ? test : test.skip)("another user's .trainer on the way up is passed by", async () => {
  await leaveCluster(join(folder, '.trainer'), '127.0.0.1:9');
  await chown(join(folder, '.trainer'), 65_534, 65_534);
  expect(await homeFolder(undefined, join(folder, 'a'))).toBe(join(folder, 'a', '.trainer'));
  await expect(findCluster({}, at({}, 'a'))).rejects.toMatchObject({ code: 'cluster.unavailable' });
});
