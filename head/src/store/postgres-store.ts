import { pg } from './pg.js';
import type { Database } from './database.js';
import { CommitQueue } from './commit-queue.js';
import { FencedError } from './errors.js';
import { transactionText } from './rows.js';
import { postgresReads } from './postgres-reads.js';
import type { ClusterStore } from './cluster-store.js';

/** SQLSTATE that trainer.fence raises. */
const FENCED = 'TR001';

/** The cluster's state in the schema `trainer`; `headEpochOf` gives the leadership that every write must still hold. */
export function postgresStore(database: Database, headEpochOf: () => number): ClusterStore {
  const queue = new CommitQueue((changes) => {
    const headEpoch = headEpochOf();
    return database.withClient((client) => write(client, headEpoch, transactionText(headEpoch, changes)));
  });
  const reads = postgresReads(database);
  return {
    ...reads,
    async load() {
      const state = await reads.load();
      queue.mend();
      return state;
    },
    commit: (change) => queue.push(change),
    close: () => database.close(),
  };
}

async function write(client: pg.PoolClient, headEpoch: number, text: string): Promise<void> {
  try {
    await client.query(text);
  } catch (error) {
    // An aborted transaction is rolled back. Where PostgreSQL gave no answer the connection is dropped by its owner: to ask
    // it anything more would only wait once more.
    if (error instanceof pg.DatabaseError) await client.query('ROLLBACK').catch(() => undefined);
    if (error instanceof pg.DatabaseError && error.code === FENCED) throw new FencedError(headEpoch, error);
    throw error;
  }
}
