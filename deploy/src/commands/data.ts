import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { dataIdProblem } from '@trainer/model';
import type { ColumnProfileView, DatasetProfileView } from '@trainer/gateway';
import { print, type Format } from '../terminal/output.js';
import { fieldsText, plainText, table } from '../terminal/table.js';
import type { Cluster } from './command.js';
import { RequestRefusedError, UploadRefusedError, UsageError } from './errors.js';

const urlOf = (restUrl: string, dataId: string): string => `${restUrl}/data/${dataId.split('/').map(encodeURIComponent).join('/')}`;

/** `trainer data put FILE [NAME]`: streams a file to the data bucket through REST. */
export async function putData({ restUrl, authorization, output }: Cluster, format: Format, file: string, name: string): Promise<void> {
  if (restUrl === null) throw new UsageError('data put', 'This cluster runs without REST; start it with a gateway to upload data.');
  const problem = dataIdProblem(name);
  if (problem !== null) throw new UsageError(name, `${problem}; name it: trainer data put ${file} NAME`);
  const found = await stat(file).catch((error: unknown) => {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const why = isMissing ? 'there is no such file' : error instanceof Error ? error.message : String(error);
    throw new UsageError(file, `${file} can't be read: ${why}`);
  });
  if (!found.isFile()) throw new UsageError(file, `${file} is not a file; name the file that holds the table.`);
  const response = await fetch(urlOf(restUrl, name), {
    method: 'PUT',
    headers: { ...authorization, 'content-length': String(found.size) },
    body: Readable.toWeb(createReadStream(file)) as unknown as ReadableStream,
    duplex: 'half',
  } as RequestInit);
  const answer = (await response.json()) as { data_id: string; size: number; detail?: unknown };
  if (!response.ok) throw new UploadRefusedError(file, answer.detail);
  print(output, format, answer, (stored) => `${stored.data_id}: ${stored.size} bytes stored`);
}

/** What `trainer data show` was asked on the command line. */
export interface ShowOptions {
  readonly target?: string;
  readonly task?: string;
}

/** `trainer data show ID`: what a dataset holds, and what a training makes of each column. */
export async function showData(
  { restUrl, authorization, output }: Cluster,
  format: Format,
  id: string,
  { target, task }: ShowOptions,
): Promise<void> {
  if (restUrl === null) throw new UsageError('data show', 'This cluster runs without REST; start it with a gateway to look at data.');
  const query = new URLSearchParams();
  if (target !== undefined) query.set('target_column', target);
  if (task !== undefined) query.set('task_type', task);
  const response = await fetch(`${urlOf(restUrl, id)}?${query.toString()}`, { headers: authorization });
  const answer = (await response.json()) as DatasetProfileView & { readonly detail?: unknown };
  if (!response.ok) throw new RequestRefusedError(response.status, answer.detail);
  print(output, format, answer, profileText);
}

function profileText(profile: DatasetProfileView): string {
  const { columns, columns_left_off: leftOff } = profile;
  return [
    fieldsText([
      ['dataset', `${plainText(profile.data_id)}, ${FORMATS[profile.format]}, ${count(profile.size)} bytes`],
      ['table', `${count(profile.rows)} rows, ${count(profile.column_count)} columns`],
      ['target', targetText(profile.target)],
      ['model sees', `${count(profile.encoded_columns)} columns of numbers`],
    ]),
    '',
    table(['COLUMN', 'TYPE', 'MISSING', 'DISTINCT', 'MOST FREQUENT', 'BECOMES', 'WHY'], columns.map(columnCells)),
    ...(leftOff === 0 ? [] : ['', `${count(leftOff)} more ${leftOff === 1 ? 'column is' : 'columns are'} not shown.`]),
    ...sectionOf('problem', profile.problems),
    ...sectionOf('note', [...profile.warnings, ...columns.flatMap(({ warnings }) => warnings)]),
  ].join('\n');
}

const FORMATS: Readonly<Record<DatasetProfileView['format'], string>> = { csv: 'CSV', parquet: 'Parquet' };
/** Of most frequent values, in a cell. */
const CELL_CHARS = 40;

function columnCells({ name, type, missing, distinct, most_frequent: frequent, plan }: ColumnProfileView): string[] {
  const values = frequent.map(({ value, rows }) => `${value} (${count(rows)})`).join(', ');
  const shown = values.length > CELL_CHARS ? `${values.slice(0, CELL_CHARS - 1)}…` : values;
  const becomes = plan.encoded_count > 1 ? `${plan.kind}, ${count(plan.encoded_count)} columns` : plan.kind;
  const cells = [name, type, count(missing), distinct === null ? 'more than 1,000' : count(distinct), shown, becomes, plan.why];
  return cells.map(plainText);
}

function targetText(target: DatasetProfileView['target']): string {
  if (target === null) return 'none named (--target)';
  const { column, task_type: task, guessed, training_rows: training, validation_rows: validation, rows_without_target: without } = target;
  const left = without === 0 ? '' : `, ${count(without)} without it are left out`;
  return `${plainText(column)}: ${task}${guessed ? ' (guessed)' : ''}; ${count(training)} rows train, ${count(validation)} validate${left}`;
}

function sectionOf(label: string, sentences: readonly string[]): string[] {
  const once = [...new Set(sentences)];
  return once.length === 0 ? [] : ['', ...once.map((sentence) => `${label}: ${plainText(sentence)}`)];
}

function count(n: number): string {
  return n.toLocaleString('en');
}
