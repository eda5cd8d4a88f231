import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { datesOf, openDataset, type Column, type DatasetReading, type Table } from '@trainer/training/internal';
import type { TestPython } from '../python.js';
import type { TableCase } from './table-cases.js';

/** What pandas reads of a file. */
export type PandasTable =
  { readonly error: string } | { readonly columns: readonly PandasColumn[]; readonly commas?: readonly PandasColumn[] };
interface PandasColumn {
  readonly name: string;
  readonly type: string;
  readonly values: readonly PandasValue[];
}
type PandasValue = string | boolean | null | { readonly int: string } | { readonly float: string };

/** What we read of it. */
export type OurTable = { readonly error: string; readonly code: string } | Table;

/** One file, read by both. */
export interface Compared {
  readonly input: TableCase;
  readonly pandas: PandasTable;
  readonly ours: OurTable;
  /** The names of our columns. */
  readonly names: readonly string[];
  /** How the same file read in other shares differs, or null. */
  readonly unsteady: string | null;
}

/** Shares of the file that a reader takes at a time; what is read must not depend on them. */
const RANGES = [1, 7, 64];

/** Reads each file by pandas, all in one process, and by us, in shares of several sizes. */
export async function compareAll(python: TestPython, inputs: readonly TableCase[]): Promise<Compared[]> {
  const folder = await mkdtemp(join(tmpdir(), 'trainer-tables-'));
  try {
    const files = inputs.map(({ separator }, index) => ({ path: join(folder, `${index}.csv`), separator }));
    await Promise.all(inputs.map(({ bytes }, index) => writeFile(files[index]?.path ?? '', bytes)));
    const pandas = (await python.run('read_tables.py', { files })) as PandasTable[];
    const compared: Compared[] = [];
    for (const [index, input] of inputs.entries()) {
      const path = files[index]?.path ?? '';
      const first = await readFile(path, {});
      const whole = told(first.table);
      let unsteady: string | null = null;
      for (const rangeBytes of RANGES) {
        // A large file in shares of a byte takes long, and shows no more.
        const other = told((await readFile(path, { rangeBytes: Math.max(rangeBytes, input.bytes.length >> 10) })).table);
        if (other !== whole) unsteady ??= other;
      }
      compared.push({ input, pandas: pandas[index] ?? { error: 'no answer' }, ours: first.table, names: first.names, unsteady });
    }
    return compared;
  } finally {
    await rm(folder, { recursive: true });
  }
}

type Reading = Partial<Pick<DatasetReading, 'threads' | 'rangeBytes'>>;
interface OurRead {
  readonly table: OurTable;
  readonly names: readonly string[];
}

/** Reads a file of these bytes. */
export async function readOurs(bytes: Uint8Array, reading: Reading): Promise<OurRead> {
  const folder = await mkdtemp(join(tmpdir(), 'trainer-tables-'));
  try {
    await writeFile(join(folder, 'table.csv'), bytes);
    return await readFile(join(folder, 'table.csv'), reading);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function readFile(path: string, reading: Reading): Promise<OurRead> {
  try {
    const dataset = await openDataset(path, 'table.csv', { threads: 1, maxRows: 1e9, maxUnpackedBytes: 1e9, ...reading });
    try {
      return { table: await dataset.read(dataset.columnNames), names: dataset.columnNames };
    } finally {
      dataset.close();
    }
  } catch (error) {
    return { table: { error: String(error), code: String((error as { code?: unknown }).code) }, names: [] };
  }
}

/** All of a table as a text. */
export function told(table: OurTable): string {
  if ('error' in table) return table.error;
  const columns = table.columns.map((column) => [column.name, column.kind, valuesOf(column), column.kind === 'number' && column.isInteger]);
  return JSON.stringify([table.rows, columns, table.warnings, table.missingTexts], (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : typeof value === 'number' && Number.isNaN(value) ? 'NaN' : value,
  );
}

function valuesOf(column: Column): readonly unknown[] {
  switch (column.kind) {
    case 'number':
      return column.exact ? [...column.exact].map((value, row) => (Number.isNaN(column.values[row]) ? null : value)) : [...column.values];
    case 'boolean':
      return [...column.values].map((value) => [false, true, null][value]);
    case 'text':
      return [...column.codes].map((code) => (code < 0 ? null : column.labels[code]));
    case 'date':
      return [...column.values];
  }
}

/** @returns how the table differs from what pandas read, or null. */
export function difference({ pandas, ours, names }: Compared): string | null {
  if ('error' in pandas) return 'error' in ours || BREAKS.test(pandas.error) ? null : `pandas refuses it (${pandas.error}), we read it`;
  if ('error' in ours) return REFUSED.has(ours.code) ? null : `we refuse it: ${ours.error}`;
  const expected = pandas.columns.map(({ name }) => name);
  if (JSON.stringify(expected) !== JSON.stringify(names)) return `names ${JSON.stringify(names)} instead of ${JSON.stringify(expected)}`;
  for (const [index, column] of ours.columns.entries()) {
    const point = pandas.columns[index];
    const comma = pandas.commas?.[index];
    const reasons = [point, comma].flatMap((one) => (one ? [columnDifference(column, one)] : []));
    if (!reasons.includes(null)) return `column ${index}: ${reasons[0]}`;
  }
  return null;
}

/** What pandas reads and we refuse, by our error's code; docs/tables.md has a sentence for each. */
const REFUSED = new Set(['dataset.no-rows', 'dataset.infinity', 'dataset.ragged', 'dataset.no-header', 'dataset.duplicate-column']);
/** Where pandas breaks over a file that is in order. */
const BREAKS = /Buffer overflow caught|MemoryError|out of memory/;

function columnDifference(column: Column, { type, values }: PandasColumn): string | null {
  const own = valuesOf(column);
  if (own.length !== values.length) return `${own.length} values instead of ${values.length}`;
  // A column with integers beyond 64 bits is one of texts for pandas, in which even missing values are texts.
  if (column.kind === 'number' && values.some((value) => typeof value === 'string' && isBeyond64Bits(value))) return null;
  const seconds = column.kind === 'date' ? datesOf(values.filter((value) => typeof value === 'string')) : null;
  if (seconds && seconds.kind !== 'dates') return `dates, but ${JSON.stringify(values.slice(0, 5))}`;
  let date = 0;
  for (const [row, value] of values.entries()) {
    const got = own[row];
    const isMissing = got === null || (typeof got === 'number' && Number.isNaN(got));
    if (value === null || isMissing) {
      if (value === null && isMissing) continue;
      return `row ${row}: ${String(got)} instead of ${JSON.stringify(value)}`;
    }
    if (seconds?.kind === 'dates') {
      if (got !== seconds.seconds[date]) return `row ${row}: ${String(got)} is not ${JSON.stringify(value)}`;
      date += 1;
    } else if (!isSame(got, value))
      return `row ${row}: ${JSON.stringify(got, (_, one: unknown) => String(one))} instead of ${JSON.stringify(value)} (${type})`;
  }
  if (type.startsWith('int') && !(column.kind === 'number' && column.isInteger)) return `no integers, but ${type}`;
  return null;
}

function isBeyond64Bits(text: string): boolean {
  return (
    /^\s*[+-]?\d{19,}\s*$/.test(text) && BigInt.asIntN(64, BigInt(text.trim().replace('+', ''))) !== BigInt(text.trim().replace('+', ''))
  );
}

function isSame(got: unknown, value: Exclude<PandasValue, null>): boolean {
  if (typeof value !== 'object') return got === value;
  if ('int' in value) return typeof got === 'bigint' ? String(got) === value.int : got === Number(value.int);
  return Number(got) === Number(value.float);
}
