import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Listening, RankStart, RankTimes, Times } from '../collective/messages.js';
import { round, summary } from '../measuring/statistics.js';
import type { Bench, Results } from './bench.js';

const LENGTHS = { floats_85000: 85_000, mib_16: (16 * 2 ** 20) / Float32Array.BYTES_PER_ELEMENT };
/** Each run takes milliseconds. */
const RUNS_EACH = 20;

/** Two ranks, each a process that works on another thread than the one with the connections; beside them a plain duplex stream. */
export const collective: Bench = {
  name: 'collective',
  about: 'an all-reduce of two ranks against a plain duplex stream of as many bytes over loopback',
  ray: null,
  run: async ({ runs }) => {
    const ranks = [0, 1].map(() =>
      fork(new URL('../collective/rank.js', import.meta.url), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
    );
    try {
      const listening = await Promise.all(ranks.map(async (rank) => ((await once(rank, 'message')) as [Listening])[0]));
      const gangPorts = listening.map(({ gangPort }) => gangPort);
      const found = ranks.map(async (rank) => ((await once(rank, 'message')) as [RankTimes])[0]);
      ranks.forEach((child, rank) => {
        const start: RankStart = {
          rank,
          gangPorts,
          rawPort: listening[1]?.rawPort ?? 0,
          runs: runs * RUNS_EACH,
          lengths: Object.values(LENGTHS),
        };
        child.send(start);
      });
      const [times] = await Promise.all(found);
      return Object.fromEntries(Object.keys(LENGTHS).map((name, at) => [name, resultsOf(times?.[at])]));
    } finally {
      for (const rank of ranks) rank.kill();
    }
  },
};

function resultsOf(times: Times | undefined): Results {
  if (times === undefined) throw new Error('A rank gave no times.');
  const [raw, allReduce, blocking] = [times.raw, times.allReduce, times.blocking].map((values) => summary(values, 2));
  const rawMs = raw?.median ?? NaN;
  return {
    raw_ms: { ...raw },
    all_reduce_ms: { ...allReduce },
    blocking_all_reduce_ms: { ...blocking },
    raw_by_all_reduce: round(rawMs / (allReduce?.median ?? NaN), 2),
    raw_by_blocking: round(rawMs / (blocking?.median ?? NaN), 2),
  };
}
