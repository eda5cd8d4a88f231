import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { ROOT, startCluster, type TestCluster } from './harness/index.js';
import { irisRequest } from './rest-service.js';

/*
 * Who may use REST where it asks for tokens: as an operator makes them, and as clients show them.
 */

const IRIS = join(ROOT, 'deploy', 'sample', 'iris.csv');

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ withGateway: true, env: { AUTH: 'token' } });
});
afterAll(() => cluster?.stop());

async function trainer(...words: readonly string[]): Promise<string> {
  const ended = await cluster.trainer(...words);
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  return ended.stdout;
}

async function status(path: string, token: string | null, method = 'GET'): Promise<number> {
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  const answer = await fetch(`${cluster.restUrl}${path}`, { method, headers });
  await answer.arrayBuffer();
  return answer.status;
}

test('an operator makes a token, lists it and ends it; each scope opens its part, and probes need none', async () => {
  expect(await trainer('token', 'list')).toBe('No tokens.\n');
  const reader = (await trainer('token', 'create', 'grafana', '--scope', 'read')).trim();
  const { token: writer, id } = JSON.parse(await trainer('token', 'create', 'orchestrator', '--json')) as { token: string; id: string };
  expect([await status('/train', null), await status('/train', 'wrong'), await status('/health/live', null)]).toEqual([401, 401, 200]);
  expect([await status('/train', reader), await status('/train/train_000000000000', reader, 'DELETE')]).toEqual([200, 403]);
  expect([await status('/train', writer), await status('/train/train_000000000000', writer, 'DELETE')]).toEqual([200, 404]);
  expect([await status('/cluster', writer), await status('/cluster', cluster.secret)]).toEqual([403, 200]);
  expect(await trainer('token', 'list')).toMatch(
    /^TOKEN +NAME +SCOPE +CREATED\ntoken-\w+ +orchestrator +submit .*\ntoken-\w+ +grafana +read .*\n$/,
  );
  expect(await trainer('token', 'revoke', 'grafana')).toMatch(/^Token token-\w+ \(grafana\) opens nothing in 10 seconds\n$/);
  await cluster.until('it opens nothing', async () => (await status('/train', reader)) === 401, 60_000);
  expect(await status('/train', writer)).toBe(200);
  expect(JSON.parse(await trainer('token', 'list', '--json'))).toMatchObject([{ id, name: 'orchestrator' }]);
  expect(await cluster.trainer('token', 'revoke', 'grafana')).toMatchObject({ code: 1, stderr: expect.stringContaining("'grafana'") });
});

test('the command shows the secret of its cluster', async () => {
  expect(await trainer('data', 'put', IRIS)).toBe('iris.csv: 3858 bytes stored\n');
  expect(await trainer('data', 'show', 'iris.csv')).toContain('150 rows, 5 columns');
});

test('a link opens one file of a model without a token, until it ends', async () => {
  const headers = { authorization: `Bearer ${cluster.secret}`, 'content-type': 'application/json' };
  const asked = async <T>(path: string, method: string, body?: object): Promise<T> => {
    const answer = await fetch(`${cluster.restUrl}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    expect([path, answer.status]).toEqual([path, 200]);
    return (await answer.json()) as T;
  };
  const { job_id: id } = await asked<{ job_id: string }>('/train', 'POST', irisRequest());
  const isDone = async (): Promise<boolean> => (await asked<{ status: string }>(`/train/${id}`, 'GET')).status === 'completed';
  await cluster.until('the job has completed', isDone, 60_000);
  const { url, format } = await asked<{ url: string; format: string }>(`/models/${id}/download-url`, 'POST', {
    format: 'onnx',
    expires_in: 600,
  });
  expect(format).toBe('onnx');
  const [linked, shown] = await Promise.all([fetch(url), fetch(`${cluster.restUrl}/models/${id}/download?format=onnx`, { headers })]);
  expect([linked.status, shown.status]).toEqual([200, 200]);
  expect(Buffer.from(await linked.arrayBuffer()).equals(Buffer.from(await shown.arrayBuffer()))).toBe(true);
  expect((await fetch(url, { headers: { range: 'bytes=0-3' } })).status).toBe(206);
  expect((await fetch(url.replace('onnx', 'native'))).status).toBe(403);
  expect((await fetch(url.split('&expires')[0] ?? '')).status).toBe(401);
});
