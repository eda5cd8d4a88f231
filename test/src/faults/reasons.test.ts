import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { noiseTable, runTrainer, signalTo, slowTable, slowTraining, startFaultCluster, type FaultCluster } from '../harness/index.js';

/** What is lost may live on for 15 s at this scale, and a job is over when that time is. */
const SETTINGS = { agents: 2, timeScale: 0.33, env: { TRAINER_HEADLESS_S: '45' } } as const;
const LONGEST_MS = 100_000;

interface ShownAttempt {
  readonly number: number;
  readonly from_epoch: number;
  readonly nodes: readonly string[];
  readonly memory_bytes: number;
  readonly why: string | null;
  readonly end: Readonly<Record<string, unknown>> | null;
}
interface ShownJob {
  readonly job_id: string;
  readonly status: string;
  readonly attempt: number;
  readonly current_epoch: number;
  readonly error_message: string | null;
  readonly attempts: readonly ShownAttempt[];
}

const hasEnded = ({ status }: ShownJob): boolean => status === 'completed' || status === 'failed';
const noiseTraining = (dataId: string, hyperparameters: object): object => ({
  ...slowTraining(50),
  data_id: dataId,
  target_column: 'y',
  hyperparameters,
});

let cluster: FaultCluster;

beforeAll(async () => {
  cluster = await startFaultCluster(SETTINGS);
  await put('slow.csv', slowTable());
}, 120_000);

afterAll(() => cluster?.close());

async function put(name: string, body: string): Promise<void> {
  const answer = await fetch(`${cluster.restUrl}/data/${name}`, { method: 'PUT', body });
  expect(answer.status).toBe(201);
}

async function submit(body: object): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${cluster.restUrl}/train`, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as ShownJob).job_id;
}

/** Waits until the job is as wanted; a head that is away for a moment is asked again. */
function jobWhen(id: string, what: string, test: (job: ShownJob) => boolean): Promise<ShownJob> {
  return cluster.until(
    `job ${id} ${what}`,
    async () => {
      const answer = await fetch(`${cluster.restUrl}/train/${id}`);
      const job = answer.status === 200 ? ((await answer.json()) as ShownJob) : null;
      return job !== null && test(job) ? job : null;
    },
    LONGEST_MS,
  );
}

/** Checkpoints are uploaded beside the training, and reported after the epochs that were trained meanwhile. */
async function checkpointsOf(id: string): Promise<number> {
  const answer = await fetch(`${cluster.restUrl}/train/${id}/progress`);
  return answer.status === 200 ? ((await answer.json()) as { checkpoints: readonly unknown[] }).checkpoints.length : 0;
}

/** `trainer job ID` as a terminal shows it. */
async function terminal(id: string): Promise<string> {
  const env = {
    TRAINER_ADDRESS: `127.0.0.1:${cluster.link('client-head').port}`,
    TRAINER_TOKEN: (await readFile(join(cluster.folder, 'secret'), 'utf8')).trim(),
  };
  const { code, stdout, stderr } = await runTrainer(['job', id], env);
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
}

test(
  'a job killed three ways completes, and says of each attempt why it ended',
  async () => {
    const id = await submit(slowTraining(150));
    // Past where it began: before that an attempt may have no process yet.
    const trains = (attempt: number): Promise<ShownJob> =>
      jobWhen(id, `trains in attempt ${attempt}`, ({ attempts, current_epoch: epoch }) => {
        const running = attempts.find(({ number }) => number === attempt);
        return running !== undefined && epoch > running.from_epoch;
      });
    await trains(1);
    await cluster.until('a checkpoint is stored', async () => ((await checkpointsOf(id)) > 0 ? true : null), LONGEST_MS);
    for (const { pid } of cluster.actorProcesses()) signalTo(pid, 'SIGKILL');
    await trains(2);
    for (const { pid } of cluster.actorProcesses()) signalTo(pid, 'SIGSEGV');
    await trains(3);
    const agent = cluster.agents.find((name) => cluster.actorProcesses(name).length > 0) ?? '';
    const node = cluster.nodeOf(agent) ?? '';
    await cluster.part(agent).kill();
    const job = await jobWhen(id, 'has completed', ({ status }) => status === 'completed');
    await cluster.mend();

    expect(job.error_message).toBeNull();
    expect(job.attempts).toMatchObject([
      {
        number: 1,
        from_epoch: 0,
        why: 'Killed by SIGKILL, which the cluster did not send',
        end: { kind: 'failed', blame: 'infra', counts_to: 'max_infra_failures', cause: { kind: 'signal', signal: 'SIGKILL' } },
      },
      {
        number: 2,
        why: 'Crashed with SIGSEGV',
        end: { kind: 'failed', blame: 'crash', counts_to: 'max_failures', cause: { kind: 'signal', signal: 'SIGSEGV' } },
      },
      {
        number: 3,
        why: `Node ${node} was lost`,
        end: { kind: 'failed', blame: 'infra', counts_to: 'max_infra_failures', cause: { kind: 'node_lost', node } },
      },
      { number: 4, why: 'Completed', end: { kind: 'completed', counts_to: null } },
    ]);
    expect(job.attempts.slice(1).every(({ from_epoch }) => from_epoch > 0)).toBe(true);
    const text = await terminal(id);
    expect(text).toMatch(/\nATTEMPT +STARTED +TOOK +NODES +MEMORY +FROM EPOCH +WHY IT ENDED\n/);
    expect(text).toMatch(
      /\n1 .* 0 +Killed by SIGKILL, which the cluster did not send\n2 .*Crashed with SIGSEGV\n3 .* was lost\n4 .*Completed\n$/,
    );
  },
  3 * LONGEST_MS,
);

test(
  'a large model of many trees is trained and exported by its first attempt',
  async () => {
    await put('noise.csv', noiseTable({ rows: 60_000, columns: 20, classes: 2 }));
    const id = await submit(noiseTraining('noise.csv', { n_estimators: 1500, max_depth: 8 }));
    const job = await jobWhen(id, 'has ended', hasEnded);
    expect(job).toMatchObject({ status: 'completed', attempt: 1, attempts: [{ number: 1, why: 'Completed' }] });
  },
  2 * LONGEST_MS,
);

test(
  'a table of many classes is trained by its first attempt',
  async () => {
    await put('classes.csv', noiseTable({ rows: 2_000, columns: 10, classes: 26 }));
    const id = await submit(noiseTraining('classes.csv', { n_estimators: 150, max_depth: 6 }));
    const job = await jobWhen(id, 'has ended', hasEnded);
    expect(job).toMatchObject({ status: 'completed', attempts: [{ number: 1, why: 'Completed' }] });
  },
  2 * LONGEST_MS,
);

test(
  'a table that needs more memory than the beginning of its file shows gets it before it is trained, and nothing is counted',
  async () => {
    const [header = '', ...rows] = noiseTable({ rows: 2_000, columns: 10, classes: 26 }).trim().split('\n');
    const classOf = (row: string): string => row.slice(row.lastIndexOf(',') + 1);
    const byClass = rows.sort((a, b) => (classOf(a) < classOf(b) ? -1 : 1));
    await put('sorted.csv', `${[header, ...byClass].join('\n')}\n`);
    const id = await submit(noiseTraining('sorted.csv', { n_estimators: 150, max_depth: 6 }));
    const job = await jobWhen(id, 'has ended', hasEnded);
    const why = /^Training on 2,000 rows of 10 columns and 26 classes may need [\d,]+ MiB; the attempt had \d+ MiB$/;
    expect(job).toMatchObject({
      status: 'completed',
      attempts: [
        { number: 1, from_epoch: 0, why: expect.stringMatching(why), end: { kind: 'requeued', counts_to: null } },
        { number: 2, from_epoch: 0, why: 'Completed' },
      ],
    });
    const [first = 0, second = 0] = job.attempts.map(({ memory_bytes }) => memory_bytes);
    expect(second).toBeGreaterThan(first);
  },
  2 * LONGEST_MS,
);
