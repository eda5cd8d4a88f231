import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  connectionName,
  describeClusterStore,
  describeForgetting,
  describeLeadership,
  migrate,
  openDatabase,
  postgresLeadership,
  postgresStore,
} from '@trainer/head/testing';
import type { Database, StoreFixture } from '@trainer/head/testing';
import { headId } from '@trainer/model';
import { manualClock } from '@trainer/runtime/testing';
import { systemClock, until } from '@trainer/runtime';
import { startRealServers } from './real-servers.js';
import type { RealServers } from './real-servers.js';

const FIRST = headId('head-000000000001');
const SECOND = headId('head-000000000002');
const STILL_MS = 3_000;
/** Statements that sleep now. */
const SLEEPING = "SELECT FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()";
const A_BUNDLE = { bundles: [{ hash: 'a', bytes: 1, createdAt: 0 }] };

let servers: RealServers;
let database: Database;
let first: Database;
let second: Database;

beforeAll(async () => {
  servers = await startRealServers();
  const open = (applicationName: string): Database =>
    openDatabase({ url: servers.databaseUrl, applicationName, timeoutMs: 5_000, onLost: () => undefined });
  database = open('trainer-test');
  [first, second] = [open(connectionName(FIRST)), open(connectionName(SECOND))];
  await migrate(database.long);
  // The leaders' connections are there for as long as the tests run.
  await Promise.all([first.leadership.query('SELECT'), second.leadership.query('SELECT')]);
});

afterAll(async () => {
  await Promise.all([database, first, second].map((one) => one.close()));
  await servers.stop();
});

async function empty(): Promise<void> {
  await database.long.query(
    `TRUNCATE trainer.nodes, trainer.sessions, trainer.actors, trainer.leases, trainer.jobs, trainer.attempts, trainer.epoch_metrics,
       trainer.checkpoints, trainer.models, trainer.events, trainer.bundles, trainer.idempotency_keys, trainer.actor_states`,
  );
  await database.long.query('UPDATE trainer.leadership SET head = NULL');
}

describeLeadership('PostgreSQL', async () => {
  await empty();
  const clock = manualClock(0);
  return {
    first: postgresLeadership(first.leadership, clock, STILL_MS),
    second: postgresLeadership(second.leadership, clock, STILL_MS),
    stillMs: STILL_MS,
    advance: (ms) => clock.advance(ms),
  };
});

async function openStore(): Promise<StoreFixture> {
  await empty();
  const leadership = postgresLeadership(first.leadership, manualClock(0), STILL_MS);
  const headEpoch = (await leadership.acquire(FIRST)) ?? 0;
  const takeOver = async (): Promise<void> => {
    await leadership.resign(FIRST, headEpoch);
    await postgresLeadership(second.leadership, manualClock(0), STILL_MS).acquire(SECOND);
  };
  return { store: postgresStore(database, () => headEpoch), takeOver };
}

describeClusterStore('PostgreSQL', openStore);
describeForgetting('PostgreSQL', openStore);

test('what is written under the head epoch of before a raise is fenced, though the same head leads', async () => {
  await empty();
  const leadership = postgresLeadership(first.leadership, manualClock(0), STILL_MS);
  const held = (await leadership.acquire(FIRST)) ?? 0;
  let headEpoch = held;
  const store = postgresStore(database, () => headEpoch);
  expect(await leadership.raise(FIRST, held, held + 1)).toBe('held');
  await expect(store.commit(A_BUNDLE)).rejects.toMatchObject({ code: 'head.fenced' });
  headEpoch = held + 1;
  await store.load();
  await store.commit(A_BUNDLE);
  expect(await store.hasBundle('a')).toBe(true);
});

test('PostgreSQL dies under a connection that is in use between two statements: its user is told, and nobody else', async () => {
  const lost: Error[] = [];
  const used = openDatabase({
    url: servers.databaseUrl,
    applicationName: 'trainer-test',
    timeoutMs: 5_000,
    onLost: (error) => void lost.push(error),
  });
  const using = used.reads.withClient(async (client) => {
    await client.query('SELECT 1');
    await servers.killPostgres();
    return client.query('SELECT 2');
  });
  await expect(using).rejects.toMatchObject({ code: 'cluster.unavailable' });
  expect(lost.length).toBeGreaterThan(0);
  await used.close();
});

test('many slow reads hold up neither a commit nor the leadership', async () => {
  await empty();
  const own = postgresLeadership(database.leadership, manualClock(0), STILL_MS);
  const headEpoch = (await own.acquire(FIRST)) ?? 0;
  let reading = 60;
  const reads = Array.from({ length: reading }, () => database.reads.query('SELECT pg_sleep(0.1)').finally(() => (reading -= 1)));
  await until('the reads run', async () => (await database.long.query(SLEEPING)).length === 3, { clock: systemClock(), deadlineMs: 5_000 });
  await postgresStore(database, () => headEpoch).commit(A_BUNDLE);
  expect(await own.renew(FIRST, headEpoch)).toBe('held');
  expect(reading).toBeGreaterThan(0);
  await Promise.all(reads);
});

test('of more reads than can wait the last is told so, and the others are answered', async () => {
  const reads = await Promise.allSettled(Array.from({ length: 204 }, () => database.reads.query('SELECT pg_sleep(0.001)')));
  expect(reads.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThanOrEqual(200);
  expect(reads.at(-1)).toMatchObject({ reason: { code: 'cluster.unavailable', message: expect.stringContaining('200 requests wait') } });
});

test('PostgreSQL itself ends a statement that nobody waits for any more', async () => {
  const impatient = openDatabase({ url: servers.databaseUrl, applicationName: 'trainer-test', timeoutMs: 300, onLost: () => undefined });
  await expect(impatient.reads.query('SELECT pg_sleep(60)')).rejects.toMatchObject({ code: 'cluster.unavailable' });
  await until('it is ended', async () => (await database.long.query(SLEEPING)).length === 0, { clock: systemClock(), deadlineMs: 5_000 });
  await impatient.close();
});
