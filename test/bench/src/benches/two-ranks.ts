import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startFaultCluster, testPython, type TestPython } from '@trainer/test';
import { putData, trainAndFollow } from '../cluster/rest.js';
import { makeTable } from '../data/make-table.js';
import { round, summary } from '../measuring/statistics.js';
import { prove } from '../measuring/timing.js';
import type { Bench, Results } from './bench.js';

const ROWS = 100_000;
const COLUMNS = 28;
const ROUNDS = 100;
const THREADS = 2;

/** One model by two ranks on two agents, from submit to completed, beside one plain process of two threads from its start to its end. */
export const twoRanks: Bench = {
  name: 'two-ranks',
  about: `XGBoost ${ROWS} x ${COLUMNS}, ${ROUNDS} rounds, by two ranks on two agents, and by one plain process of ${THREADS} threads`,
  ray: { script: 'ray_job_submit.py', environment: { RAY_BENCH_PARTS: 'xgb' } },
  run: async ({ runs, say }) => {
    const python = await testPython();
    const table = makeTable({ rows: ROWS, columns: COLUMNS, seed: 7 });
    // As many agents as ranks, each with room for one: they lie on two.
    await using cluster = await startFaultCluster({ agents: 2, cpus: 1 });
    const csv = join(cluster.folder, 'table.csv');
    await writeFile(csv, table);
    await putData(cluster.restUrl, 'bench/table.csv', table);
    const [ours, plain, accuracies]: [number[], number[], number[]] = [[], [], []];
    for (let run = 0; run < runs; run += 1) {
      say(`${run + 1} of ${runs}`);
      const job = await trainAndFollow(cluster.restUrl, request());
      const { workers, nodes } = (await (await fetch(`${cluster.restUrl}/train/${job.id}`)).json()) as { workers: number; nodes: string[] };
      prove(workers === 2 && new Set(nodes).size === 2, `two ranks on two agents trained it, and not ${workers} on ${nodes.join()}`);
      ours.push(job.completedMs);
      accuracies.push(Number(job.lastMetrics['val_accuracy']));
      plain.push(await inPython(python, csv));
    }
    const [oursMs, plainMs] = [summary(ours), summary(plain)];
    return {
      ours_ms: oursMs,
      plain_ms: plainMs,
      ratio: round(oursMs.median / plainMs.median, 3),
      accuracy: summary(accuracies, 3),
    } satisfies Results;
  },
};

function request(): Readonly<Record<string, unknown>> {
  return {
    model_id: 'xgboost_classifier',
    task_type: 'classification',
    data_id: 'bench/table.csv',
    target_column: 'y',
    epochs: ROUNDS,
    early_stopping: false,
    num_workers: 2,
    hyperparameters: { n_estimators: ROUNDS },
  };
}

async function inPython(python: TestPython, csv: string): Promise<number> {
  const begun = performance.now();
  const trained = (await python.run('../bench/python/train_xgboost.py', {
    csv,
    rounds: ROUNDS,
    threads: THREADS,
    validation: 0.2,
    evaluate: true,
  })) as { trees: number };
  prove(trained.trees === ROUNDS, `Python grows ${ROUNDS} trees`);
  return performance.now() - begun;
}
