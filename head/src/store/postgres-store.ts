import type { Millis } from '@trainer/model';
import { pg } from './pg.js';
import type { Database } from './database.js';
import { CommitQueue } from './commit-queue.js';
import { FencedError } from './errors.js';
import { forgettingStatements } from './forgetting.js';
import { gather } from './gather.js';
import { postgresReads } from './postgres-reads.js';
import type { ClusterStore } from './cluster-store.js';
import { transact } from './transaction.js';
import type { Statement } from './transaction.js';

/** SQLSTATE that trainer.fence raises. */
const FENCED = 'TR001';
/** JSON of one transaction, about: PostgreSQL takes it in some 30 ms, and who waits behind it waits no longer. */
const MAX_CHARS = 1024 * 1024;

/**
 * Takes 1 MiB of the disk and gives it back: more than the pages of tables and of the log that PostgreSQL may still have at 0 bytes free,
 * with which a renewal, a raise and some changes are written, and the next one is not. Rows of 1 kB are stored as they are.
 */
const ROOM = `
  CREATE TEMP TABLE room (filler text) ON COMMIT DROP;
  INSERT INTO room SELECT repeat('x', 1000) FROM generate_series(1, 1024)`;

/**
 * The cluster's state in the schema `trainer`; `headEpochOf` gives the leadership that every write must still hold, `nodesSince` the time
 * since when lost nodes are known.
 */
export function postgresStore(database: Database, headEpochOf: () => number, nodesSince: () => Millis = () => 0): ClusterStore {
  const queue = new CommitQueue(async (changes) => {
    const headEpoch = headEpochOf();
    const { statements, count } = await gather(changes, MAX_CHARS, nextRound);
    await database.commits.withClient((client) => fenced(client, headEpoch, statements));
    return count;
  });
  const reads = postgresReads(database, nodesSince);
  return {
    ...reads,
    async load() {
      const state = await reads.load();
      queue.mend();
      return state;
    },
    commit: (change) => queue.push(change),
    async forget(what, before, limit) {
      const statements = forgettingStatements(what, before, limit);
      const [, ...counts] = await database.long.withClient((client) => fenced(client, headEpochOf(), statements));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    room: () => database.commits.withClient(async (client) => void (await client.query(ROOM))),
    close: () => database.close(),
  };
}

/** The event loop has its turn in between. */
function nextRound(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Writes under a head epoch, or not at all. @returns the rows that each statement wrote. @throws FencedError */
async function fenced(client: pg.PoolClient, headEpoch: number, statements: readonly Statement[]): Promise<readonly number[]> {
  try {
    const [, ...counts] = await transact(client, [{ text: 'SELECT trainer.fence($1)', values: [String(headEpoch)] }, ...statements]);
    return counts;
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === FENCED) throw new FencedError(headEpoch, error);
    throw error;
  }
}
