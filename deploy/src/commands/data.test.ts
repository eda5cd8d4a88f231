import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { DatasetProfileView } from '@trainer/gateway';
import type { Output } from '../terminal/output.js';
import type { Cluster } from './command.js';
import { showData } from './data.js';

const COLUMN: DatasetProfileView['columns'][number] = {
  name: 'n',
  type: 'integer',
  date_format: null,
  missing: 1_234,
  distinct: null,
  most_frequent: [],
  plan: { kind: 'number', why: 'The number as it is, as float32.', encoded_count: 1, encoded: ['n'] },
  warnings: [],
};
const PROFILE: DatasetProfileView = {
  data_id: 'a b/c.csv',
  size: 1_048_576,
  etag: 'e',
  format: 'csv',
  rows: 20_000,
  column_count: 3,
  target: null,
  plan: { number: 3 },
  encoded_columns: 3,
  problems: [],
  warnings: [],
  columns: [COLUMN],
  columns_left_off: 2,
};

let server: Server;
let answer: { status: number; body: unknown };
let asked: string[];
let written: string;
let cluster: Cluster;

beforeEach(async () => {
  [answer, asked, written] = [{ status: 200, body: PROFILE }, [], ''];
  server = createServer((request, reply) => {
    asked.push(request.url ?? '');
    reply.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const output: Output = { isTerminal: false, write: (text) => void (written += text) };
  const restUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  cluster = { head: null as unknown as Cluster['head'], restUrl, authorization: { authorization: 'Bearer secret' }, output };
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

test('a dataset is shown with its columns in line', async () => {
  const flag = {
    ...COLUMN,
    name: 'flag',
    type: 'boolean',
    missing: 0,
    distinct: 2,
    most_frequent: [{ value: 'True', rows: 15_000 }],
  } as const;
  answer.body = { ...PROFILE, columns: [COLUMN, flag], columns_left_off: 1, problems: ['It fails.'], warnings: ['Look.', 'Look.'] };
  await showData(cluster, 'text', 'a b/c.csv', {});
  expect(asked).toEqual(['/data/a%20b/c.csv']);
  expect(written.split('\n')).toEqual([
    'dataset     a b/c.csv, CSV, 1,048,576 bytes',
    'table       20,000 rows, 3 columns',
    'target      none named (--target)',
    'model sees  3 columns of numbers',
    '',
    'COLUMN  TYPE     MISSING  DISTINCT         MOST FREQUENT  BECOMES  WHY',
    'n       integer  1,234    more than 1,000                 number   The number as it is, as float32.',
    'flag    boolean  0        2                True (15,000)  number   The number as it is, as float32.',
    '',
    '1 more column is not shown.',
    '',
    'problem: It fails.',
    '',
    'note: Look.',
    '',
  ]);
});

test('what the table holds tells the terminal nothing', async () => {
  const hostile = 'x\u001b[2J\n\u009b1m\u2028"é😀';
  const most = [{ value: hostile, rows: 1 }];
  const column = {
    ...COLUMN,
    name: hostile,
    most_frequent: most,
    distinct: 1,
    warnings: [hostile],
    plan: { ...COLUMN.plan, why: hostile },
  };
  const target = {
    column: hostile,
    task_type: 'regression',
    guessed: true,
    rows_without_target: 1,
    training_rows: 1,
    validation_rows: 1,
  } as const;
  answer.body = { ...PROFILE, data_id: hostile, target, columns: [column], problems: [hostile], warnings: [hostile] };
  await showData(cluster, 'text', 'x', { target: hostile, task: 'regression' });
  expect(new URL(`http://x${asked[0] ?? ''}`).searchParams.get('target_column')).toBe(hostile);
  expect(written).toContain('x\\u001b[2J\\u000a\\u009b1m\\u2028"é😀');
  expect(written.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
});

test.each([
  [404, 'Dataset x not found', 'Dataset x not found'],
  [422, [{ loc: ['path', 'data_id'], msg: 'Line 3 is ragged.', type: 'value' }], 'Line 3 is ragged.'],
  [500, { odd: true }, '{"odd":true}'],
])('an answer %i is an error in its words', async (status, detail, says) => {
  answer = { status, body: { detail } };
  await expect(showData(cluster, 'text', 'x', {})).rejects.toMatchObject({ code: 'cli.request-refused', message: says });
});

test('as JSON it is what REST answers', async () => {
  await showData(cluster, 'json', 'x', {});
  expect(JSON.parse(written)).toEqual(PROFILE);
});

test('a cluster without REST says so', async () => {
  await expect(showData({ ...cluster, restUrl: null }, 'text', 'x', {})).rejects.toMatchObject({ code: 'cli.usage' });
});
