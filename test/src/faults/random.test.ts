import { expect, test } from '@jest/globals';
import { RandomOperations, slowTable, startFaultCluster } from '../harness/index.js';

/** A run of the same seed does the same operations; what comes of them depends on the machine. */
const SEED = Number(process.env['TRAINER_TEST_SEED'] ?? 20_261_124);
const OPERATIONS = Number(process.env['TRAINER_TEST_OPERATIONS'] ?? 40);
const TEST_MS = 600_000;

test(
  `after ${OPERATIONS} random operations of seed ${SEED} every promise was kept`,
  async () => {
    await using cluster = await startFaultCluster({ agents: 2, cpus: 2, timeScale: 0.33 });
    await fetch(`${cluster.restUrl}/data/slow.csv`, { method: 'PUT', body: slowTable() });
    const operations = new RandomOperations(cluster, await cluster.connect(), SEED);
    try {
      await operations.run(OPERATIONS);
      expect(await operations.settle()).toEqual([]);
      expect(await operations.endSession()).toEqual([]);
    } catch (error) {
      const { done, problems } = operations;
      const told = `Seed ${SEED}: ${done.join('; ')}. Wrong so far: ${problems.join('; ') || 'nothing'}. ${await cluster.describe()}`;
      throw new Error(told, { cause: error });
    }
  },
  TEST_MS,
);
