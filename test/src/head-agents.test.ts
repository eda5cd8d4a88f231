import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { nodeId } from '@trainer/model';
import { systemClock, until } from '@trainer/runtime';
import { startRealServers } from './real-servers.js';
import type { RealServers } from './real-servers.js';
import { actorIn } from './rpc/head-clients.js';
import { HeadScene } from './rpc/head-scene.js';

const NODE = nodeId('node-00000000000c');
const WAIT_MS = 60_000;
const IRIS = { modelId: 'xgboost_classifier', dataId: 'iris.csv', taskType: 'classification' } as const;

let servers: RealServers;
let scene: HeadScene;
let incarnation = 0;

beforeAll(async () => {
  servers = await startRealServers();
});

afterAll(() => servers.stop());

beforeEach(async () => {
  incarnation += 1;
  scene = await HeadScene.open({ servers, node: NODE, incarnation });
});

afterEach(() => scene.close());

test('a silent agent that beats again is asked for a hello, and ends what was lost meanwhile', async () => {
  await scene.agent.connect();
  const { spec, lease } = await scene.runningActor();
  scene.agent.isMute = true;
  await until('the actor is lost', async () => (await scene.calls.get(spec.id)).state.at === 'dead', {
    clock: systemClock(),
    deadlineMs: WAIT_MS,
  });
  scene.agent.isMute = false;
  await scene.agent.ended();
  expect((await scene.agent.connect([{ lease, state: 'ready' }])).verdicts).toEqual([{ lease, verdict: 'end' }]);
});

test('an agent that drains gets nothing new, and who waits is told so', async () => {
  await scene.agent.connect();
  scene.agent.isDraining = true;
  await until('the node drains', async () => (await scene.connection.nodes.list()).some(({ state }) => state === 'draining'), {
    clock: systemClock(),
    deadlineMs: WAIT_MS,
  });
  const job = await scene.connection.jobs.submit(IRIS);
  const reason = await until('the reason', async () => (await scene.connection.jobs.get(job.id)).pendingReason, {
    clock: systemClock(),
    deadlineMs: WAIT_MS,
  });
  expect(reason).toContain('its agent is being stopped');
  expect(scene.agent.placed).toEqual([]);
  await scene.connection.jobs.cancel(job.id);
});

test('an agent that refuses again and again is not asked without a pause', async () => {
  await scene.agent.connect();
  scene.agent.answer = () => ({ kind: 'refused', reason: 'capacity', message: 'full' });
  const session = await scene.clients.session();
  const refused = scene.calls.create(actorIn(session.id), 1_000);
  await expect(refused).rejects.toMatchObject({ code: 'placement.timeout' });
  // At this scale pauses of 10, 20, 40, ... up to 500 ms.
  expect(scene.agent.placed.length).toBeLessThan(10);
});
