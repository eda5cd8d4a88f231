import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startCluster, type TestCluster } from './harness/index.js';
import { csv, IRIS, irisRequest, RestService, type Problem, type RestJob, type TrainBody } from './rest-service.js';

let cluster: TestCluster;
let rest: RestService;

beforeAll(async () => {
  cluster = await startCluster({ withGateway: true });
  rest = new RestService(cluster);
  await rest.put('iris.csv', IRIS);
});

afterAll(() => cluster?.stop());

const label = (row: number): string => (row % 2 === 0 ? 'x' : 'y');

interface Table {
  readonly name: string;
  readonly file: string | Uint8Array;
  readonly key?: string;
  readonly request?: TrainBody;
}
interface BadTable extends Table {
  /** What the job's error must name. */
  readonly says: RegExp;
}

const BAD: readonly BadTable[] = [
  { name: 'an empty file', file: '', says: /dataset is empty/ },
  { name: 'a header without rows', file: 'a,b,species\n', says: /header of 3 columns and no rows/ },
  { name: 'a row that is too short', file: 'a,b,species\n1,2,x\n1,2\n3,4,y\n', says: /Line 3 .* has 2 values; the header has 3/ },
  { name: 'a row that is too long', file: 'a,b,species\n1,2,x\n1,2,x,9\n3,4,y\n', says: /Line 3 .* has 4 values; the header has 3/ },
  { name: 'no such target column', file: IRIS, request: { target_column: 'specie' }, says: /target_column names "specie".*"species"/ },
  { name: 'no such column to exclude', file: IRIS, request: { exclude_columns: ['nope'] }, says: /exclude_columns names "nope"/ },
  { name: 'a target with one class', file: csv('a,species', 20, (row) => `${row},x`), says: /"species" has one class only \("x"\)/ },
  { name: 'a target that is missing everywhere', file: csv('a,species', 20, (row) => `${row},`), says: /"species" has no value/ },
  {
    name: 'a target of 5,000 distinct floats',
    file: csv('a,species', 5000, (row) => `${row},${row * 1.37}`),
    says: /"species" has 5000 distinct/,
  },
  { name: 'classes of one row each', file: 'a,species\n1,x\n2,y\n3,z\n', says: /"species" has 3 classes with one row each/ },
  {
    name: 'an infinity',
    file: csv('a,b,species', 20, (row) => `${row === 7 ? 'inf' : row},1,${label(row)}`),
    says: /"a".*infinite.*line 9/,
  },
  { name: 'two columns of one name', file: 'a,a,species\n1,2,x\n3,4,y\n', says: /"a" stands more than once.*columns 1, 2/ },
  {
    name: 'more columns than the limit',
    file: `${Array.from({ length: 16_385 }, (_, at) => `c${at}`).join()}\n1\n`,
    says: /16385 columns; the limit is 16384/,
  },
  {
    name: 'a gzip file that is cut',
    key: 'cut.csv.gz',
    file: gzipSync(IRIS).subarray(0, 500),
    says: /broken gzip file \(unexpected end of file\)/,
  },
  {
    name: 'a gzip file of rubbish',
    key: 'rubbish.csv.gz',
    file: Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.alloc(99, 7)]),
    says: /broken gzip file/,
  },
  { name: 'bytes that are not UTF-8', file: Buffer.from('a,b,species\n1,2,x\n3,4,caf\xe9\n', 'latin1'), says: /Line 3 .* not UTF-8/ },
  { name: 'a broken Parquet file', key: 'broken.parquet', file: `PAR1${'x'.repeat(90)}PAR1`, says: /broken Parquet file/ },
  { name: 'a quote that never ends', file: 'a,b,species\n1,2,"x\n3,4,y\n', says: /Line 2 .* double quote/ },
  { name: 'a table of one column', file: 'species\nx\ny\nx\n', says: /No column is left beside the target "species"/ },
];

const NO_TABLES: readonly BadTable[] = [
  { name: 'UTF-16', file: Buffer.from('\ufeffa,b,species\n1,2,x\n', 'utf16le'), says: /UTF-16/ },
  { name: 'a zip archive', file: Buffer.from('PK\x03\x04xxxxxxxx', 'latin1'), says: /Excel file .* or a zip archive/ },
];

const WARNED: readonly BadTable[] = [
  {
    name: 'a class with one row',
    file: `${csv('a,b,species', 60, (row) => `${row * 7},${row % 7},${row < 30 ? 'x' : 'y'}`)}1,1,z\n`,
    says: /one row has the class "z"/,
  },
  {
    name: 'gaps',
    file: csv('a,b,species', 60, (row) => `${row % 5 === 0 ? 'NaN' : row},${row % 7},${row < 30 ? 'x' : 'y'}`),
    says: /only 60 rows: 25 %/,
  },
  {
    name: 'under fifty rows',
    file: csv('a,b,species', 40, (row) => `${row},${row % 7},${row < 20 ? 'x' : 'y'}`),
    says: /only 40 rows: 30 %/,
  },
  {
    name: 'noise',
    file: csv('a,b,species', 120, (row) => `${(row * 7919) % 101},${(row * 104_729) % 97},${'xy'[((row * row * 31) % 13) & 1]}`),
    says: /verfitting/,
  },
  {
    name: 'a running number',
    file: csv('id,b,species', 120, (row) => `${row},${row % 7},${row < 60 ? 'x' : 'y'}`),
    says: /"id" only counts the rows/,
  },
  {
    name: 'rows without a target',
    file: csv('a,b,species', 120, (row) => `${row},${row % 7},${row % 10 === 0 ? '' : row < 60 ? 'x' : 'y'}`),
    says: /12 rows have no value in the target column "species"/,
  },
  {
    name: 'a header of numbers',
    file: csv('1,2,3', 120, (row) => `${row},${row % 7},${row < 60 ? 0 : 1}`),
    request: { target_column: '3' },
    says: /only numbers; it was taken as the header/,
  },
];

const ODD: readonly Table[] = [
  { name: 'a text column', file: csv('a,b,species', 60, (row) => `${row},red${row % 3},${label(row)}`) },
  { name: 'a date column', file: csv('a,b,species', 60, (row) => `${row},2024-01-${10 + (row % 20)},${label(row)}`) },
  {
    name: 'odd column names',
    file: csv('"a, b","x ""q""",é 漢;,,species', 60, (row) => `${row},${row % 7},${row % 3},${row % 4},${row < 30 ? 'x' : 'y'}`),
  },
  {
    name: '10,000 columns',
    file: csv(
      `${Array.from({ length: 9999 }, (_, at) => `c${at}`).join()},species`,
      20,
      (row) => `${Array.from({ length: 9999 }, (_, at) => (row * at) % 13).join()},${row < 10 ? 'x' : 'y'}`,
    ),
  },
  { name: 'gzip', key: 'iris.csv.gz', file: gzipSync(IRIS) },
  { name: 'a plain file that is called gzip', key: 'plain.csv.gz', file: IRIS },
  { name: 'tabs', key: 'iris.tsv', file: IRIS.toString().replaceAll(',', '\t') },
  { name: 'semicolons', file: IRIS.toString().replaceAll(',', ';') },
  { name: 'line ends of Windows', file: IRIS.toString().replaceAll('\n', '\r\n') },
  { name: 'a byte order mark', file: `\ufeff${IRIS.toString()}` },
  { name: 'a key of quotes and stars', key: `it's "best" *.csv`, file: IRIS },
  { name: 'a key of other letters', key: 'été/données 漢.csv', file: IRIS },
];

const LIMITS: readonly Table[] = [
  { name: 'one epoch', request: { epochs: 1 } },
  { name: 'a thousand epochs', request: { epochs: 1000, hyperparameters: { n_estimators: 3 } } },
  { name: 'the least of each number', request: { batch_size: 1, learning_rate: 1e-9, num_workers: 0, patience: 1, seed: 0, priority: 0 } },
  {
    name: 'the most of each number',
    request: { batch_size: 512, learning_rate: 0.999999, num_workers: 32, patience: 1000, seed: 2 ** 31 - 1, priority: 99 },
  },
  { name: 'a small share to validate', request: { validation_split: 0.02 } },
  { name: 'a large share to validate', request: { validation_split: 0.9 } },
  { name: 'the longest names', request: { experiment_name: 'e'.repeat(250), run_name: 'r'.repeat(250), pipeline_id: 'p'.repeat(250) } },
  {
    name: 'the most tags',
    request: { tags: Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`t${at}`.padEnd(250, 'x'), 'v'.repeat(100)])) },
  },
].map((limit) => ({ ...limit, file: IRIS }));

/** Submits every table at once; @returns the job of each, by its name. */
async function submitAll(tables: readonly Table[], epochs: number): Promise<ReadonlyMap<string, string>> {
  const jobs = new Map<string, string>();
  for (const { name, file, key = `tables/${name}.csv`, request } of tables) {
    await rest.put(key, file);
    jobs.set(name, await rest.submit(irisRequest({ data_id: key, epochs, ...request })));
  }
  return jobs;
}

function endedOf(jobs: ReadonlyMap<string, string>, name: string): Promise<RestJob> {
  return rest.ended(jobs.get(name) ?? '');
}

test.each(NO_TABLES)('what is no table is refused at its upload, with what it is: $name', async ({ name, file, says }) => {
  const { status, body } = await rest.put(`no-tables/${name}.csv`, file);
  expect([status, JSON.stringify(body.detail)]).toEqual([422, expect.stringMatching(says)]);
});

describe('a table that can not be trained on fails its job at the first attempt, and says why', () => {
  let jobs: ReadonlyMap<string, string>;
  beforeAll(async () => {
    jobs = await submitAll(BAD, 10);
  });

  test.each(BAD)(
    '$name',
    async ({ name, says }) => {
      const job = await endedOf(jobs, name);
      expect(job).toMatchObject({ status: 'failed', attempt: 1, error_message: expect.stringMatching(says), final_model_path: null });
      expect(job.error).toBe(job.error_message);
    },
    120_000,
  );

  test('the cluster lives, and trains on', async () => {
    expect((await rest.call('/health/ready')).status).toBe(200);
    expect(await rest.trained(irisRequest())).toMatchObject({ status: 'completed' });
  });
});

describe('a table that needs a word is trained on, with a warning', () => {
  let jobs: ReadonlyMap<string, string>;
  beforeAll(async () => {
    jobs = await submitAll(WARNED, 20);
  });

  test.each(WARNED)(
    '$name',
    async ({ name, says }) => {
      expect(await endedOf(jobs, name)).toMatchObject({
        status: 'completed',
        error_message: null,
        warnings: expect.arrayContaining([expect.stringMatching(says)]),
      });
    },
    120_000,
  );
});

describe('a table of another form is trained on', () => {
  let jobs: ReadonlyMap<string, string>;
  beforeAll(async () => {
    jobs = await submitAll(ODD, 5);
  });

  test.each(ODD)(
    '$name',
    async ({ name }) => {
      expect(await endedOf(jobs, name)).toMatchObject({ status: 'completed', error_message: null });
    },
    120_000,
  );
});

describe('POST /train refuses, naming the field', () => {
  test.each<[string, TrainBody, string[], RegExp]>([
    ['an unknown model, with the nearest', { model_id: 'xgboost_clasifier' }, ['model_id'], /nearest: xgboost_classifier/],
    ["a task that is not the model's", { task_type: 'regression' }, ['task_type'], /classification, not for regression/],
    [
      'an unknown hyperparameter, with those it knows',
      { hyperparameters: { max_dept: 3 } },
      ['hyperparameters', 'max_dept'],
      /allowed: n_estimators, max_depth/,
    ],
    ['a hyperparameter of another type', { hyperparameters: { max_depth: 'deep' } }, ['hyperparameters', 'max_depth'], /integer from 0 to/],
    ['a hyperparameter out of range', { hyperparameters: { subsample: 1.5 } }, ['hyperparameters', 'subsample'], /above 0 and at most 1/],
    ['a hyperparameter that is not built yet', { hyperparameters: { booster: 'dart' } }, ['hyperparameters', 'booster'], /not built yet/],
    ['two seeds', { seed: 1, hyperparameters: { random_state: 2 } }, ['hyperparameters', 'random_state'], /send one of them/],
    ['the target as a column to exclude', { exclude_columns: ['species'] }, ['exclude_columns', '0'], /cannot be excluded/],
    ['a key that climbs out of its bucket', { data_id: 'a/../../etc/passwd' }, ['data_id'], /cannot leave its bucket/],
    ['a key with a leading slash', { data_id: '/etc/passwd' }, ['data_id'], /starts with a slash/],
    ['a key that is too long', { data_id: 'a'.repeat(513) }, ['data_id'], /513 characters; the limit is 512/],
    ['epochs below the least', { epochs: 0 }, ['epochs'], />=1/],
    ['epochs above the most', { epochs: 1001 }, ['epochs'], /<=1000/],
    ['a seed above the most', { seed: 2 ** 31 }, ['seed'], /<=2147483647/],
    ['a validation share below the least', { validation_split: 0.009 }, ['validation_split'], />=0.01/],
    ['a validation share above the most', { validation_split: 0.91 }, ['validation_split'], /<=0.9/],
    ['a tag that is not text', { tags: { a: 1 } }, ['tags', 'a'], /expected string/],
  ])('%s', async (_name, fields, path, says) => {
    const answer = await rest.post(irisRequest(fields));
    expect(answer.status).toBe(422);
    expect(answer.body.detail).toContainEqual({
      loc: ['body', ...path.map((part) => (/^\d+$/.test(part) ? Number(part) : part))],
      msg: expect.stringMatching(says),
      type: expect.any(String),
    });
  });

  test('a dataset that is not there', async () => {
    expect(await rest.post(irisRequest({ data_id: 'no/such.csv' }))).toMatchObject({
      status: 404,
      body: { detail: 'Dataset no/such.csv not found' },
    });
  });
});

describe('POST /train takes each limit itself, and trains', () => {
  let jobs: ReadonlyMap<string, string>;
  beforeAll(async () => {
    jobs = await submitAll(LIMITS, 3);
  });

  test.each(LIMITS)(
    '$name',
    async ({ name }) => {
      expect(await endedOf(jobs, name)).toMatchObject({ status: 'completed' });
    },
    120_000,
  );
});

describe('POST /train warns of what has no effect', () => {
  test.each<[string, TrainBody, RegExp]>([
    [
      'an unknown field, with the nearest',
      { pipelineid: 'x' },
      /'pipelineid' is unknown and ignored; the nearest known one is 'pipeline_id'/,
    ],
    ["a hyperparameter of the library's own process", { hyperparameters: { n_jobs: 4 } }, /hyperparameters\.n_jobs is without effect/],
    ['learning_rate beside the hyperparameters', { learning_rate: 0.01 }, /set hyperparameters\.learning_rate instead/],
    ['batch_size', { batch_size: 64 }, /batch_size is not used/],
    ['patience that never ends', { epochs: 5, patience: 5 }, /patience \(5\) is not below epochs \(5\)/],
  ])('%s', async (_name, fields, says) => {
    const { body } = await rest.post(irisRequest(fields));
    expect(body.warnings).toContainEqual(expect.stringMatching(says));
    await rest.cancel(body.job_id);
  });
});

describe('PUT /data', () => {
  test.each<[string, string, RegExp]>([
    ['a key that climbs', 'a%2F%2e%2e%2Fb.csv', /cannot leave its bucket/],
    ['a key with a leading slash', '%2Fetc%2Fpasswd', /starts with a slash/],
    ['a key with a line break', 'a%0Ab.csv', /control character/],
    ['a key with a backslash', 'a%5Cb.csv', /backslash/],
    ['a key that is too long', 'b'.repeat(513), /513 characters; the limit is 512/],
  ])('refuses %s', async (_name, path, says) => {
    const answer = await rest.call<Problem>(`/data/${path}`, { method: 'PUT', body: 'a,b\n1,2\n' });
    expect(answer).toMatchObject({ status: 422, body: { detail: [{ loc: ['path', 'data_id'], msg: expect.stringMatching(says) }] } });
  });

  test('takes the longest key', async () => {
    expect((await rest.put(`${'a'.repeat(200)}/${'b'.repeat(200)}/${'c'.repeat(110)}`, 'a,b\n')).status).toBe(201);
  });
});
