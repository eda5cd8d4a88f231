import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { agentPlace, gatewayPlace, headPlace } from './cluster-settings.js';
import { readSettings, type Settings } from './settings.js';

let folder: string;
let whole: Record<string, string>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainer-settings-'));
  await writeFile(join(folder, 'secret'), 'deep\n', { mode: 0o600 });
  whole = {
    TRAINER_HOME: folder,
    DATABASE_URL: 'postgresql://db/trainer',
    NATS_URL: 'nats://nats:4222',
    TRAINER_OBJECTS: '/objects',
    TRAINER_HEADS: '127.0.0.1:7000,[::1]:7001',
  };
});
afterEach(() => rm(folder, { recursive: true }));

const settings = (changes: Record<string, string> = {}): Settings => readSettings({ ...whole, ...changes });

describe('what a process of cluster mode needs', () => {
  test('is read from its environment', async () => {
    expect(await agentPlace(settings())).toEqual({
      secret: 'deep',
      nats: { url: 'nats://nats:4222', server: 'nats:4222', token: 'deep' },
      store: { kind: 'folder', path: '/objects' },
      heads: ['127.0.0.1:7000', '[::1]:7001'],
      folder,
      host: '127.0.0.1',
    });
    expect(await headPlace(settings(), '127.0.0.1')).toMatchObject({ databaseUrl: 'postgresql://db/trainer' });
    expect(await gatewayPlace(settings())).toMatchObject({ heads: ['127.0.0.1:7000', '[::1]:7001'] });
  });

  test('is named in one line where it is missing', async () => {
    const none = readSettings({});
    const names = ['TRAINER_HOME', 'TRAINER_HEADS', 'TRAINER_SECRET_FILE', 'NATS_URL', 'MINIO_ENDPOINT \\(or TRAINER_OBJECTS\\)'];
    const error = await agentPlace(none).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: 'config.invalid' });
    for (const name of names) expect((error as Error).message).toMatch(new RegExp(`(^|; )${name}: is not set; give [a-z]`));
    await expect(headPlace(none, '127.0.0.1')).rejects.toThrow(
      "DATABASE_URL (or POSTGRES_HOST): is not set; give the cluster's PostgreSQL, such as postgresql://",
    );
  });

  test.each([
    ['is absent', 'ENOENT', async (file: string) => rm(file)],
    ['is empty', 'is empty', async (file: string) => writeFile(file, '\n')],
    ['may be read by others', 'chmod 600', async (file: string) => chmod(file, 0o640)],
  ])('a secret that %s is refused', async (_name, words, spoil) => {
    await spoil(join(folder, 'secret'));
    await expect(gatewayPlace(settings())).rejects.toThrow(new RegExp(`TRAINER_SECRET_FILE.*${words}`));
  });

  test('a secret may lie anywhere', async () => {
    const file = join(folder, 'other');
    await writeFile(file, 'deeper', { mode: 0o400 });
    expect(await gatewayPlace(settings({ TRAINER_SECRET_FILE: file }))).toMatchObject({ secret: 'deeper' });
  });

  test('an address of a head without a port is refused', async () => {
    await expect(agentPlace(settings({ TRAINER_HEADS: '127.0.0.1:7000,other' }))).rejects.toThrow(/TRAINER_HEADS.*'other'/);
  });

  test('objects in a folder are refused where other machines could take part', async () => {
    await expect(agentPlace(settings({ TRAINER_ADVERTISED_HOST: '10.0.0.7' }))).rejects.toThrow(/TRAINER_ADVERTISED_HOST.*10\.0\.0\.7/);
    await expect(headPlace(settings(), '0.0.0.0')).rejects.toThrow(/--listen.*0\.0\.0\.0/);
  });
});
