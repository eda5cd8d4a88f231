import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { testPython, type TestPython } from '@trainer/test';
import { putData, trainAndFollow } from '../cluster/rest.js';
import { startCluster, temporaryHome, type RunningCluster } from '../cluster/running-cluster.js';
import { makeTable } from '../data/make-table.js';
import { cpuSeconds } from '../measuring/processes.js';
import { round, summary } from '../measuring/statistics.js';
import { prove } from '../measuring/timing.js';
import type { Bench, BenchContext, Results } from './bench.js';

const ROWS = 200_000;
const COLUMNS = 30;
/** A table of ordinary size, from a client's point of view: submitted to completed. */
const ORDINARY = { rows: 100_000, columns: 28, seed: 12 };
const TREES = 100;
const VALIDATION = 0.2;
/** What the scheduler gives a job of this size (all cores of the node, at most 8), and so the other side. */
const threadsOf = (): number => Math.min(8, cpus().length);

/** What python/train_xgboost.py answers. */
interface Trained {
  readonly import_ms: number;
  readonly read_ms: number;
  readonly matrix_ms: number;
  readonly train_ms: number;
  readonly train_cpu_ms: number;
  /** The score of the last model, and its bytes. */
  readonly rest_ms: number;
  readonly accuracy: number;
  readonly trees: number;
  readonly version: string;
}

interface Side {
  readonly trainMs: number;
  readonly trainCpuS: number;
  readonly wholeMs: number;
  readonly accuracy: number;
}

/**
 * The same table, parameters and threads through the cluster and through XGBoost's Python package, in turns. All trees in one
 * epoch is the library alone; a tree an epoch is what a job does when nothing is said, with log-loss and accuracy of both parts and
 * the area under the curve of the validation part after each: there the package is asked for the same, which it does for both.
 */
export const xgboost: Bench = {
  name: 'xgboost',
  about: `${ROWS} x ${COLUMNS} through the cluster and through XGBoost's Python package`,
  ray: { script: 'ray_job_submit.py', environment: { RAY_BENCH_PARTS: 'xgb' } },
  run: async (context) => {
    context.say("the table, and Python's packages where they are missing");
    const python = await testPython();
    const table = makeTable({ rows: ROWS, columns: COLUMNS, seed: 11 });
    await using home = await temporaryHome();
    await using cluster = await startCluster({ withGateway: true, home: home.path });
    const store = async (name: string, content: string): Promise<Table> => {
      const csv = join(home.path, name);
      await writeFile(csv, content);
      await putData(cluster.restUrl ?? '', `bench/${name}`, content);
      return { csv, dataId: `bench/${name}` };
    };
    const large = await store('table.csv', table);
    const ordinary = await store('ordinary.csv', makeTable(ORDINARY));
    return {
      csv_mb: round(table.length / 1e6, 1),
      threads: threadsOf(),
      all_trees_in_one_epoch: await compare(cluster, python, { ...large, epochs: 1 }, context),
      a_tree_an_epoch: await compare(cluster, python, { ...large, epochs: TREES }, context),
      submitted_to_completed: await compareWhole(cluster, python, ordinary, context),
    };
  },
};

/** A table as both sides find it. */
interface Table {
  readonly csv: string;
  readonly dataId: string;
}

async function compare(
  cluster: RunningCluster,
  python: TestPython,
  { epochs, ...table }: Table & { readonly epochs: number },
  { runs, say }: BenchContext,
): Promise<Results> {
  const ours: Side[] = [];
  const theirs: Side[] = [];
  let version = '';
  for (let run = 0; run < runs; run += 1) {
    say(`${epochs} epochs, ${run + 1} of ${runs}`);
    ours.push(await throughUs(cluster, table.dataId, epochs));
    const trained = await throughPython(python, table.csv, epochs > 1);
    version = trained.version;
    theirs.push(trained);
  }
  const median = (sides: readonly Side[], of: (side: Side) => number): number => summary(sides.map(of), 3).median;
  const ratio = (of: (side: Side) => number): number => round(median(ours, of) / median(theirs, of), 3);
  return {
    ours: {
      train_ms: summary(ours.map((side) => side.trainMs)),
      train_cpu_s: summary(
        ours.map((side) => side.trainCpuS),
        2,
      ),
      whole_ms: summary(ours.map((side) => side.wholeMs)),
      accuracy: median(ours, (side) => side.accuracy),
    },
    python: {
      train_ms: summary(theirs.map((side) => side.trainMs)),
      train_cpu_s: summary(
        theirs.map((side) => side.trainCpuS),
        2,
      ),
      whole_ms: summary(theirs.map((side) => side.wholeMs)),
      accuracy: median(theirs, (side) => side.accuracy),
      xgboost: version,
    },
    train_ratio: ratio((side) => side.trainMs),
    train_cpu_ratio: ratio((side) => side.trainCpuS),
    whole_ratio: ratio((side) => side.wholeMs),
  };
}

/**
 * From the submission to the stored, exported and verified model; against the package that reads the file, takes the last rows for
 * validation, trains with scores after each round and saves, in a Python that has loaded it already.
 */
async function compareWhole(cluster: RunningCluster, python: TestPython, table: Table, { runs, say }: BenchContext): Promise<Results> {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    say(`${ORDINARY.rows} x ${ORDINARY.columns} as a whole, ${run + 1} of ${runs}`);
    ours.push((await throughUs(cluster, table.dataId, TREES)).wholeMs);
    theirs.push((await throughPython(python, table.csv, true)).workMs);
  }
  const sides = { ours_ms: summary(ours), python_ms: summary(theirs) };
  return { ...sides, ratio: round(sides.ours_ms.median / sides.python_ms.median, 2) };
}

/**
 * Training counts from the phase that says so to the next one, as a client hears of them: with the library's copy of the rows, and
 * in CPU time with all that head, gateway and PostgreSQL do about it.
 */
async function throughUs(cluster: RunningCluster, dataId: string, epochs: number): Promise<Side> {
  const request = {
    model_id: 'xgboost_classifier',
    task_type: 'classification',
    data_id: dataId,
    target_column: 'y',
    validation_split: VALIDATION,
    epochs,
    hyperparameters: { n_estimators: TREES },
  };
  const cpu: Record<string, number> = {};
  const job = await trainAndFollow(cluster.restUrl ?? '', request, (phase) => (cpu[phase] = cpuSeconds(cluster.pids())));
  const { training, exporting } = job.phases;
  prove(training !== undefined && exporting !== undefined, 'the job tells when it trains and when it exports');
  return {
    trainMs: exporting - training,
    trainCpuS: (cpu['exporting'] ?? 0) - (cpu['training'] ?? 0),
    wholeMs: job.completedMs,
    accuracy: Number(job.lastMetrics['val_accuracy']),
  };
}

async function throughPython(
  python: TestPython,
  csv: string,
  evaluate: boolean,
): Promise<Side & { readonly workMs: number; readonly version: string }> {
  const begun = performance.now();
  const input = { csv, rounds: TREES, threads: threadsOf(), validation: VALIDATION, evaluate };
  const trained = (await python.run('../bench/python/train_xgboost.py', input)) as Trained;
  const wholeMs = performance.now() - begun;
  prove(trained.trees === TREES, `Python grows ${TREES} trees`);
  return {
    trainMs: trained.matrix_ms + trained.train_ms,
    trainCpuS: trained.train_cpu_ms / 1000,
    wholeMs,
    workMs: trained.read_ms + trained.matrix_ms + trained.train_ms + trained.rest_ms,
    accuracy: trained.accuracy,
    version: trained.version,
  };
}
