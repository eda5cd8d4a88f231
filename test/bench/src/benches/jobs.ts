import { readFile } from 'node:fs/promises';
import { downloadModel, putData, trainAndFollow, type FollowedJob } from '../cluster/rest.js';
import { startCluster, temporaryHome, type RunningCluster } from '../cluster/running-cluster.js';
import { makeTable } from '../data/make-table.js';
import { cpuSeconds } from '../measuring/processes.js';
import { latency, round, summary } from '../measuring/statistics.js';
import { ROOT } from '../measuring/surroundings.js';
import { prove } from '../measuring/timing.js';
import type { Bench, BenchContext, Results } from './bench.js';

const CLASSIFY = { model_id: 'xgboost_classifier', task_type: 'classification' };

/** Jobs as a client of REST sees them. */
export const jobs: Bench = {
  name: 'jobs',
  about: 'submit to first metrics and to completed over REST, iris and 100,000 x 28',
  ray: { script: 'ray_job_submit.py', environment: { RAY_BENCH_PARTS: 'job,train' } },
  run: async (context) => {
    await using home = await temporaryHome();
    await using cluster = await startCluster({ withGateway: true, home: home.path });
    return { iris: await iris(cluster, context), table_100k_28: await largeTable(cluster, context) };
  },
};

async function iris(cluster: RunningCluster, { runs, say }: BenchContext): Promise<Results> {
  const url = cluster.restUrl ?? '';
  say('iris');
  await putData(url, 'bench/iris.csv', await readFile(`${ROOT}/deploy/sample/iris.csv`, 'utf8'));
  const request = { ...CLASSIFY, data_id: 'bench/iris.csv', target_column: 'species' };
  const first = await trainAndFollow(url, request);
  await downloadModel(url, first.id);
  const followed: FollowedJob[] = [];
  const cpuBefore = cpuSeconds(cluster.pids());
  for (let run = 0; run < runs * 4; run += 1) {
    const job = await trainAndFollow(url, request);
    prove(Number(job.lastMetrics['val_accuracy']) > 0.8, 'the model of the flowers is right about more than 80 %');
    followed.push(job);
  }
  return {
    first_to_completed_ms: round(first.completedMs, 1),
    post: latency(followed.map((job) => job.postMs)),
    to_first_metrics: latency(followed.map((job) => job.firstMetricsMs)),
    to_completed: latency(followed.map((job) => job.completedMs)),
    cpu_s_per_job: round((cpuSeconds(cluster.pids()) - cpuBefore) / followed.length, 3),
    heard_of_phase_ms: phases(followed),
  };
}

async function largeTable(cluster: RunningCluster, { runs, say }: BenchContext): Promise<Results> {
  const url = cluster.restUrl ?? '';
  say('100,000 x 28');
  const table = makeTable({ rows: 100_000, columns: 28, seed: 7 });
  const putMs = await putData(url, 'bench/table.csv', table);
  const followed: FollowedJob[] = [];
  const cpuBefore = cpuSeconds(cluster.pids());
  for (let run = 0; run < runs; run += 1) {
    const job = await trainAndFollow(url, { ...CLASSIFY, data_id: 'bench/table.csv', target_column: 'y' });
    prove(Number(job.lastMetrics['val_accuracy']) > 0.7, 'the model of the table is right about more than 70 %');
    await downloadModel(url, job.id);
    followed.push(job);
  }
  return {
    csv_mb: round(table.length / 1e6, 1),
    put_ms: round(putMs, 0),
    to_first_metrics_ms: summary(followed.map((job) => job.firstMetricsMs)),
    to_completed_ms: summary(followed.map((job) => job.completedMs)),
    cpu_s_per_job: round((cpuSeconds(cluster.pids()) - cpuBefore) / followed.length, 3),
    heard_of_phase_ms: phases(followed),
  };
}

/** Median time at which each phase was heard of. */
function phases(followed: readonly FollowedJob[]): Results {
  const names = new Set(followed.flatMap((job) => Object.keys(job.phases)));
  const times = (name: string): number[] => followed.flatMap((job) => job.phases[name] ?? []);
  return Object.fromEntries([...names].map((name) => [name, summary(times(name)).median]));
}
