import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  connectionName,
  describeClusterStore,
  describeLeadership,
  migrate,
  openDatabase,
  postgresLeadership,
  postgresStore,
} from '@trainer/head/testing';
import type { Database } from '@trainer/head/testing';
import { headId } from '@trainer/model';
import { manualClock } from '@trainer/runtime/testing';
import { startRealServers } from './real-servers.js';
import type { RealServers } from './real-servers.js';

const FIRST = headId('head-000000000001');
const SECOND = headId('head-000000000002');
const STILL_MS = 3_000;
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
  await migrate(database);
  // The leaders' connections are there for as long as the tests run.
  await Promise.all([first.query('SELECT'), second.query('SELECT')]);
}, 60_000);

afterAll(async () => {
  await Promise.all([database, first, second].map((one) => one.close()));
  await servers.stop();
}, 60_000);

async function empty(): Promise<void> {
  await database.query(
    `TRUNCATE trainer.nodes, trainer.sessions, trainer.actors, trainer.leases, trainer.jobs, trainer.attempts, trainer.epoch_metrics,
       trainer.checkpoints, trainer.models, trainer.events, trainer.bundles, trainer.idempotency_keys, trainer.actor_states`,
  );
  await database.query('UPDATE trainer.leadership SET head = NULL');
}

describeLeadership('PostgreSQL', async () => {
  await empty();
  const clock = manualClock(0);
  return {
    first: postgresLeadership(first, clock, STILL_MS),
    second: postgresLeadership(second, clock, STILL_MS),
    stillMs: STILL_MS,
    advance: (ms) => clock.advance(ms),
  };
});

describeClusterStore('PostgreSQL', async () => {
  await empty();
  const leadership = postgresLeadership(first, manualClock(0), STILL_MS);
  const headEpoch = (await leadership.acquire(FIRST)) ?? 0;
  const takeOver = async (): Promise<void> => {
    await leadership.resign(FIRST, headEpoch);
    await postgresLeadership(second, manualClock(0), STILL_MS).acquire(SECOND);
  };
  return { store: postgresStore(database, () => headEpoch), takeOver };
});

test('what is written under the head epoch of before a raise is fenced, though the same head leads', async () => {
  await empty();
  const leadership = postgresLeadership(first, manualClock(0), STILL_MS);
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
  const using = used.withClient(async (client) => {
    await client.query('SELECT 1');
    await servers.killPostgres();
    return client.query('SELECT 2');
  });
  await expect(using).rejects.toMatchObject({ code: 'cluster.unavailable' });
  expect(lost.length).toBeGreaterThan(0);
  await used.close();
});
