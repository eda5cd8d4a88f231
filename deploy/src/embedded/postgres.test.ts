import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { describeEmbeddedServer, realOptions } from './embedded-server.contract.js';
import { startPostgres } from './postgres.js';

async function query(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

describeEmbeddedServer('PostgreSQL', {
  start: startPostgres,
  connect: async (url, secret) => {
    const address = new URL(url);
    address.password = secret;
    await query(address.href, 'select 1');
  },
});

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainer-postgres-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

test('what was committed is there after a SIGKILL', async () => {
  const server = await startPostgres(await realOptions(folder));
  try {
    const back = new Promise<void>((resolve) => server.onRestart(resolve));
    await query(server.url, 'create table facts as select 42 as n');
    process.kill(server.pid ?? 0, 'SIGKILL');
    await back;
    expect(await query(server.url, 'select n from facts')).toEqual([{ n: 42 }]);
  } finally {
    await server.stop();
  }
});

test('a pid file whose number belongs to another process by now is no reason to refuse', async () => {
  const options = await realOptions(folder);
  const first = await startPostgres(options);
  await first.stop();
  await writeFile(join(options.folder, 'data', 'postmaster.pid'), `${process.ppid}\n`);
  const second = await startPostgres(options);
  await second.stop();
});

test('commits are durable', async () => {
  const server = await startPostgres(await realOptions(folder));
  try {
    const rows = await query(server.url, "select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit");
    expect(rows).toEqual([{ fsync: 'on', commit: 'on' }]);
  } finally {
    await server.stop();
  }
});

test('data of another major version is one clear line', async () => {
  const options = await realOptions(folder);
  await mkdir(join(options.folder, 'data'), { recursive: true });
  await writeFile(join(options.folder, 'data', 'PG_VERSION'), '15\n');
  await expect(startPostgres(options)).rejects.toThrow(/has version PostgreSQL 15 and this Trainer needs PostgreSQL 18/);
});
