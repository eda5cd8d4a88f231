import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { testPython, type TestPython } from '@trainer/test';
import { temporaryHome } from '../cluster/running-cluster.js';
import { round, summary } from '../measuring/statistics.js';
import { prove } from '../measuring/timing.js';
import type { Bench, Results } from './bench.js';

const ROWS = 1_000_000;
const THREADS = 2;
const SCRIPTS = '../bench/python/reading';
const OURS = fileURLToPath(new URL('../reading/read-table.js', import.meta.url));
const TABLES = ['numbers.csv', 'numbers.parquet', 'texts.csv', 'texts.parquet'];
const READERS = ['ours', 'polars', 'pandas'] as const;

/** What one process took; the peak is above what the process had before it read. */
interface Taken {
  readonly rows: number;
  readonly wall_ms: number;
  readonly cpu_ms: number;
  readonly peak_mib: number;
  readonly columns_mib?: number;
}

/** A table of 28 columns of numbers and one of four text columns, as CSV and Parquet, each read in a fresh process, in turns. */
export const reading: Bench = {
  name: 'reading',
  about: `${ROWS} rows of 28 numbers, and of four texts, as CSV and Parquet, beside pandas and polars`,
  ray: null,
  run: async ({ runs, say }) => {
    say("Python's packages where they are missing, and the tables");
    const python = await testPython(`${SCRIPTS}/requirements.txt`);
    await using home = await temporaryHome();
    await python.run(`${SCRIPTS}/reading.py`, { make: home.path, rows: ROWS });
    const results: Record<string, Results> = {};
    for (const table of TABLES) {
      const taken: Record<string, Taken[]> = { ours: [], polars: [], pandas: [] };
      for (let run = 0; run < runs; run += 1) {
        say(`${table}, ${run + 1} of ${runs}`);
        for (const reader of READERS) taken[reader]?.push(await read(python, reader, join(home.path, table)));
      }
      results[table.replace('.', '_')] = figures(taken);
    }
    return { rows: ROWS, threads: THREADS, ...results };
  },
};

async function read(python: TestPython, reader: (typeof READERS)[number], path: string): Promise<Taken> {
  const taken =
    reader === 'ours'
      ? (JSON.parse((await promisify(execFile)(process.execPath, [OURS, path, String(THREADS)])).stdout) as Taken)
      : ((await python.run(`${SCRIPTS}/reading.py`, { read: path, with: reader, threads: THREADS })) as Taken);
  prove(taken.rows === ROWS, `${reader} read ${taken.rows} rows of ${path}`);
  return taken;
}

function figures(taken: Readonly<Record<string, readonly Taken[]>>): Results {
  const of = (reader: string, what: 'wall_ms' | 'cpu_ms' | 'peak_mib'): ReturnType<typeof summary> =>
    summary((taken[reader] ?? []).map((one) => one[what]));
  const readers = Object.fromEntries(
    READERS.map((reader) => [reader, { wall_ms: of(reader, 'wall_ms'), cpu_ms: of(reader, 'cpu_ms'), peak_mib: of(reader, 'peak_mib') }]),
  );
  const columns = taken['ours']?.[0]?.columns_mib ?? NaN;
  return {
    ...readers,
    wall_ratio_to_polars: round(of('ours', 'wall_ms').median / of('polars', 'wall_ms').median, 2),
    cpu_ratio_to_polars: round(of('ours', 'cpu_ms').median / of('polars', 'cpu_ms').median, 2),
    columns_mib: round(columns, 0),
    peak_ratio_to_columns: round(of('ours', 'peak_mib').median / columns, 2),
  };
}
