import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { findCluster, homeFolder } from './find-cluster.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainer-find-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function leaveCluster(home: string, address: string): Promise<void> {
  await mkdir(home, { recursive: true });
  await writeFile(join(home, 'cluster.json'), JSON.stringify({ address }));
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
