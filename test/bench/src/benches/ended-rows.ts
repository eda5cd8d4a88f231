import { manyRows } from '@trainer/test/head-load';
import { round } from '../measuring/statistics.js';
import type { Bench } from './bench.js';

/** As years of work leave them. */
const ROWS = Number(process.env['BENCH_ROWS'] ?? 1_000_000);

/** What is over must cost the head nothing: its start, its reads and its pruning beside many ended rows. */
export const endedRows: Bench = {
  name: 'ended-rows',
  about: 'a start of the head, reads of epochs and pruning, beside a million ended rows of each kind',
  ray: null,
  async run({ say }) {
    const figures = await manyRows({ rows: ROWS, databaseUrl: process.env['BENCH_DATABASE_URL'] ?? null, say });
    return {
      rows_of_each_kind: ROWS,
      empty_start_ms: round(figures.emptyStartMs, 0),
      start_ms: round(figures.startMs, 0),
      last_epochs_ms: round(figures.lastEpochsMs, 1),
      all_epochs_ms: round(figures.allEpochsMs, 1),
      forget_500_ms: Object.fromEntries(Object.entries(figures.forgetMs).map(([kind, ms]) => [kind, round(ms, 1)])),
    };
  },
};
