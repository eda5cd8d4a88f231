import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import {
  CallLoad,
  newHome,
  RecorderSpec,
  slowTable,
  slowTraining,
  startCluster,
  stillRunning,
  type ClusterSettings,
  type TestCluster,
} from '../harness/index.js';
import { IRIS, irisRequest, RestService } from '../rest-service.js';

const TREES = 60;
const SOON_MS = 60_000;
const TEST_MS = 180_000;
const SMALL = { cpu: 0.05, memory: '192MiB' } as const;
/** Three machines of one command; what a lost one left is surely dead after 15 s, so that its job is over soon. */
const SETTINGS: ClusterSettings = {
  withGateway: true,
  withNpm: true,
  agents: 3,
  timeScale: 0.33,
  env: { MAX_PARALLEL_JOBS: '1', TRAINER_HEADLESS_S: '45' },
};

/** npm alone, the launcher below it alone, or every process at once. */
const ENDS: Readonly<Record<string, (cluster: TestCluster) => void>> = {
  npm: (cluster) => void cluster.kill('npm'),
  'the launcher': (cluster) => void cluster.kill('launcher'),
  everything: (cluster) => void cluster.kill('everything'),
};

async function digestOf(rest: RestService, id: string): Promise<string> {
  return createHash('sha256')
    .update(await rest.download(id, 'onnx'))
    .digest('hex');
}

test.each(Object.keys(ENDS))(
  'after SIGKILL of %s, npm start has every job and every detached actor that there was, and goes on with them',
  async (what) => {
    await using home = await newHome();
    const file = join(home.path, 'calls');
    await using first = await startCluster({ ...SETTINGS, home: home.path });
    const rest = new RestService(first);
    await rest.put('iris.csv', IRIS);
    await rest.put('slow.csv', slowTable());
    const completed = await rest.trained(irisRequest());
    const model = await digestOf(rest, completed.job_id);
    const running = await rest.submit(slowTraining(TREES));
    const queued = [await rest.submit(irisRequest()), await rest.submit(irisRequest({ seed: 7 }))];
    await using client = await first.connect();
    const options = { ...SMALL, name: 'hits', detached: true, maxRestarts: -1, checkpointEvery: 'call' } as const;
    const kept = new CallLoad(await client.actors.create(RecorderSpec, { args: [file], ...options }), file).start();
    const ours = await client.actors.create(RecorderSpec, { args: [join(home.path, 'ours')], ...SMALL });
    await rest.jobWhen(running, 'trains past a checkpoint', (job) => job.current_epoch > TREES / 4);
    await first.until('the actor was called often', () => kept.counts.answered > 50, SOON_MS);

    const pids = first.processes().map(({ pid }) => pid);
    ENDS[what]?.(first);
    await first.until('nothing of it runs', () => stillRunning(pids).length === 0, SOON_MS);
    const { answered } = kept.counts;

    await using second = await startCluster({ ...SETTINGS, home: home.path });
    const again = new RestService(second);
    expect(await again.job(completed.job_id)).toMatchObject({ status: 'completed', best_metrics: completed.best_metrics });
    expect(await digestOf(again, completed.job_id)).toBe(model);
    for (const id of [running, ...queued]) expect(await again.ended(id)).toMatchObject({ status: 'completed', error_message: null });
    const { body } = await again.call<{ recent_metrics: { epoch: number }[] }>(`/train/${running}/progress?epochs=all`);
    expect(body.recent_metrics.map(({ epoch }) => epoch)).toEqual(Array.from({ length: TREES }, (_, at) => at + 1));

    await using later = await second.connect();
    const same = await later.actors.get(RecorderSpec, 'hits');
    await second.until('the program that was there before calls on', () => kept.counts.answered > answered, SOON_MS);
    await kept.stop();
    await client.close();
    expect(await same.call.last()).toBeGreaterThanOrEqual(kept.counts.answered - 1);
    expect(await kept.violations('call')).toEqual([]);
    await second.until(
      'the actor of the session that was killed too is dead',
      async () => {
        const listed = await later.actors.list({ withEnded: true });
        return listed.find(({ id }) => id === ours.id)?.state.at === 'dead';
      },
      SOON_MS,
    );
  },
  TEST_MS,
);
