import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import duckdb from '@duckdb/node-bindings';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { openObjectStore } from '@trainer/storage';
import { ProbeSpec, startCluster, type TestCluster } from './harness/index.js';
import { csv, RestService, type Answer, type Problem } from './rest-service.js';

jest.setTimeout(120_000);
const SOON_MS = 60_000;

interface ColumnProfile {
  readonly name: string;
  readonly type: string;
  readonly missing: number;
  readonly distinct: number | null;
  readonly plan: { readonly kind: string; readonly encoded: readonly string[] };
}
interface Profile {
  readonly format: string;
  readonly rows: number;
  readonly encoded_columns: number;
  readonly target: { readonly training_rows: number; readonly validation_rows: number; readonly guessed: boolean } | null;
  readonly columns: readonly ColumnProfile[];
  readonly warnings: readonly string[];
}
interface Card {
  readonly schema: { readonly rows: number; readonly columns: readonly { name: string; type: string; missing: number }[] };
  readonly split: { readonly training_rows: number; readonly validation_rows: number };
  readonly preprocessing: { readonly steps: readonly { input: string; kind: string; encoded: readonly string[] }[] };
}

/** Every step there is, a column that is left out, and gaps. */
const TABLE = csv('n,"qu""o, é",many,day,flag,id,label', 600, (row) =>
  [
    row % 9 === 0 ? '' : (row * 7) % 101,
    row % 11 === 0 ? 'NA' : `w ${row % 4}`,
    `level${row % 70}`,
    `2024-0${(row % 9) + 1}-1${row % 10}`,
    row % 2 === 0,
    `id-${row}`,
    ['a', 'b', 'c'][row % 3],
  ].join(','),
);

let cluster: TestCluster;
let rest: RestService;

beforeAll(async () => {
  cluster = await startCluster({ withGateway: true });
  rest = new RestService(cluster);
  await rest.put('some/table.csv', TABLE);
  await rest.put('table.parquet', await asParquet(TABLE));
}, 120_000);

afterAll(async () => {
  await cluster?.stop();
});

async function asParquet(table: string): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'trainer-profile-'));
  const path = join(folder, 'table');
  await writeFile(`${path}.csv`, table);
  const database = await duckdb.open(':memory:');
  const connection = await duckdb.connect(database);
  await duckdb.query(connection, `COPY (SELECT * FROM read_csv('${path}.csv', nullstr = ['', 'NA'])) TO '${path}' (FORMAT parquet)`);
  duckdb.disconnect_sync(connection);
  duckdb.close_sync(database);
  const bytes = await readFile(path);
  await rm(folder, { recursive: true });
  return bytes;
}

/** The model's own account of what was done with its columns. */
async function cardOf(job: string): Promise<Card> {
  const file = (await rest.call<{ files: { format: string; path: string }[] }>(`/models/${job}`)).body.files.find(
    ({ format }) => format === 'card',
  );
  const [bucket = '', ...key] = (file?.path ?? '').split('/');
  const store = await openObjectStore({ kind: 'folder', path: join(cluster.home, 'objects') });
  return (await json((await store.get(bucket, key.join('/'))).stream)) as Card;
}

const profile = (id: string, query = ''): Promise<Answer<Profile & Problem>> => rest.call(`/data/${id}${query}`);
/** All profilers that there were, and how each ended. */
async function profilers(): Promise<
  readonly { readonly id: string; readonly state: { readonly at: string; readonly cause?: { kind: string } } }[]
> {
  const client = await cluster.connect();
  try {
    return (await client.actors.list({ withEnded: true })).filter(({ className }) => className === 'DatasetProfiler');
  } finally {
    await client.close();
  }
}
const liveProfilers = async (): Promise<number> => (await profilers()).filter(({ state }) => state.at !== 'dead').length;

describe.each([
  ['CSV', 'some/table.csv', 'csv'],
  ['Parquet', 'table.parquet', 'parquet'],
])('a table as %s', (_what, id, format) => {
  test('is told as the training of it says in its card', async () => {
    const { status, body } = await profile(id, '?target_column=label');
    expect([status, body.format, body.rows, body.target?.guessed]).toEqual([200, format, 600, true]);
    const job = await rest.trained({
      model_id: 'xgboost_classifier',
      data_id: id,
      task_type: 'classification',
      target_column: 'label',
      epochs: 2,
    });
    expect(job.status).toBe('completed');
    const card = await cardOf(job.job_id);
    const used = body.columns.filter(({ plan }) => plan.kind !== 'left-out' && plan.kind !== 'target');
    expect(used.map(({ name, plan }) => [name, plan.kind, plan.encoded])).toEqual(
      card.preprocessing.steps.map(({ input, kind, encoded }) => [input, kind, encoded]),
    );
    expect(new Set(used.map(({ plan }) => plan.kind))).toEqual(new Set(['number', 'one-hot', 'target-mean', 'date']));
    expect(body.encoded_columns).toBe(card.preprocessing.steps.flatMap(({ encoded }) => encoded).length);
    expect(body.columns.slice(0, -1).map(({ name, type, missing }) => [name, type === 'integer' ? 'number' : type, missing])).toEqual(
      card.schema.columns.map(({ name, type, missing }) => [name, type, missing]),
    );
    expect([body.target?.training_rows, body.target?.validation_rows]).toEqual([card.split.training_rows, card.split.validation_rows]);
    // Whatever the profile warns of, the job warns of in the same words.
    expect(job.warnings).toEqual(expect.arrayContaining([...body.warnings]));
  });

  test('is told without a target too, and no actor is left', async () => {
    const { body } = await profile(id);
    expect(body.target).toBeNull();
    expect(body.columns.map(({ name, plan }) => [name, plan.kind])).toEqual([
      ['n', 'number'],
      ['qu"o, é', 'one-hot'],
      ['many', 'target-mean'],
      ['day', 'date'],
      ['flag', 'number'],
      ['id', 'left-out'],
      ['label', 'one-hot'],
    ]);
    await cluster.until('no profiler is left', async () => (await liveProfilers()) === 0, SOON_MS);
  });
});

test('what can not be read is refused with the line, and a column that is not there by name', async () => {
  await rest.put('ragged.csv', 'a,b\n1,2\n1,2,3\n');
  expect(await profile('ragged.csv')).toMatchObject({
    status: 422,
    body: { detail: [{ loc: ['path', 'data_id'], msg: expect.stringMatching(/^Line 3 of the dataset has 3 values; the header has 2\./) }] },
  });
  expect(await profile('some/table.csv', '?target_column=lable')).toMatchObject({
    status: 422,
    body: { detail: [{ loc: ['query', 'target_column'], msg: expect.stringContaining('Nearest names: "label"') }] },
  });
});

describe('a table that takes a while', () => {
  const large = csv('a,b,c,d,y', 400_000, (row) => `${row},${row % 1000},w${row % 5000},${row / 7},${row % 2}`);

  test('an actor that is killed is followed by another, which answers', async () => {
    await rest.put('large.csv', large);
    const before = (await profilers()).length;
    const asked = profile('large.csv');
    await cluster.until('the actor has a process', () => cluster.pidsOf('actors').length > 0, SOON_MS);
    cluster.kill('actors');
    expect(await asked).toMatchObject({ status: 200, body: { rows: 400_000 } });
    const ended = (await profilers()).slice(0, -before || undefined);
    expect(ended.filter(({ state }) => state.cause?.kind === 'signal')).toHaveLength(1);
    expect(ended).toHaveLength(2);
  });

  test('equal questions share one actor', async () => {
    const before = (await profilers()).length;
    const answers = await Promise.all(Array.from({ length: 5 }, () => profile('large.csv', '?target_column=d')));
    expect(answers.map(({ status, body }) => [status, (body as { rows: number }).rows])).toEqual(Array(5).fill([200, 400_000]));
    expect((await profilers()).length - before).toBe(1);
  });

  test('the actor of a question whose asker has left ends', async () => {
    const gone = new AbortController();
    const asked = fetch(`${rest.url}/data/large.csv?target_column=y`, { signal: gone.signal }).then(
      () => 'answered',
      () => 'left',
    );
    await cluster.until('the actor has a process', () => cluster.pidsOf('actors').length > 0, SOON_MS);
    gone.abort();
    expect(await asked).toBe('left');
    await cluster.until('its process is gone', () => cluster.pidsOf('actors').length === 0, SOON_MS);
  });
});

test('no room within the limit is an answer that says what is missing', async () => {
  await using full = await startCluster({ withGateway: true, env: { TRAINER_CPUS: '1', TRAINER_PROFILE_WITHIN_S: '2' } });
  const its = new RestService(full);
  await its.put('table.csv', TABLE);
  const client = await full.connect();
  const holder = await client.actors.create(ProbeSpec, { cpu: 1 });
  expect(await its.call('/data/table.csv')).toMatchObject({
    status: 503,
    body: {
      detail: expect.stringMatching(
        /^The cluster has no room to read the dataset: 2 s were not enough\. Needs 1 CPU; node .* has 0 of 1 free\./,
      ),
    },
  });
  await holder.kill();
  expect(await its.call('/data/table.csv')).toMatchObject({ status: 200, body: { rows: 600 } });
  await client.close();
});

test('the command shows it as a table', async () => {
  const { code, stdout } = await cluster.trainer('data', 'show', 'some/table.csv', '--target', 'label');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^dataset {5}some\/table\.csv, CSV, [\d,]+ bytes\n/);
  expect(stdout).toContain('label: classification (guessed); 480 rows train, 120 validate');
  expect(stdout).toMatch(/\nmany +text +0 +70 .* target-mean, 3 columns +70 levels in the training rows are more than 32/);
  const missing = await cluster.trainer('data', 'show', 'nothing.csv');
  expect(missing).toMatchObject({ code: 1, stderr: 'Dataset nothing.csv not found\n' });
});
