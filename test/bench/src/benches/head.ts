import { factStorm, manyRows } from '@trainer/test';
import { round } from '../measuring/statistics.js';
import type { Bench } from './bench.js';

/** As years of work leave them. */
const ROWS = Number(process.env['BENCH_ROWS'] ?? 1_000_000);

/** What size and count cost the head: facts after an outage, by the CPU time of its longest round, and a start beside many ended rows. */
export const head: Bench = {
  name: 'head',
  about: 'facts of 64 MiB at once: CPU time of the longest round of the loop; a start beside a million ended rows of each kind',
  ray: null,
  async run({ say }) {
    say('64 agents send 1 MiB of states each');
    const states = await factStorm({ kind: 'states', agents: 64 });
    say('4 agents send 1 MiB of epochs each');
    const epochs = await factStorm({ kind: 'epochs', agents: 4 });
    say(`a head starts beside ${ROWS} ended rows of each kind`);
    const rows = await manyRows({ rows: ROWS, databaseUrl: process.env['BENCH_DATABASE_URL'] ?? null, say });
    return {
      facts_64_mib: { longest_turn_cpu_ms: round(states.longestTurnMs, 1), stored_ms: round(states.storedMs, 0) },
      epochs_4_mib: { longest_turn_cpu_ms: round(epochs.longestTurnMs, 1), stored_ms: round(epochs.storedMs, 0) },
      ended_rows: {
        empty_start_ms: round(rows.emptyStartMs, 0),
        start_ms: round(rows.startMs, 0),
        last_epochs_ms: round(rows.lastEpochsMs, 1),
        all_epochs_ms: round(rows.allEpochsMs, 1),
        forget_500_ms: Object.fromEntries(Object.entries(rows.forgetMs).map(([kind, ms]) => [kind, round(ms, 1)])),
      },
    };
  },
};
