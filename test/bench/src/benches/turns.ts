import { factStorm, growth, MeasuredHead } from '@trainer/test/head-load';
import { round } from '../measuring/statistics.js';
import type { Bench, BenchContext, Results } from './bench.js';

const IRIS = { modelId: 'xgboost_classifier', dataId: 'iris.csv', taskType: 'classification' } as const;
const JOBS = 10_000;
const CLIENTS = 64;
const ACTORS = 1_000;
const LEASES = 10_000;
const STORM = 64;
const DIGITS = 1;

/** CPU time of the longest turn of a real head's event loop, whatever else the machine does; the head has its process for itself. */
export const turns: Bench = {
  name: 'turns',
  about: "the head's longest turn under many facts, jobs, actors and leases, and what a turn costs as the queue grows",
  ray: null,
  run: async ({ say }) => {
    const table = await grown(say);
    const jobs = await withHead(JOBS, 1, (head) => submitted(head, say));
    const actors = await withHead(JOBS, 10, (head) => created(head, say));
    const hellos = await withHead(JOBS, 1, (head) => greeted(head, say));
    say('facts');
    const { longestTurnMs } = await factStorm({ kind: 'states', agents: STORM });
    return {
      longest: { facts_64mib: { round_ms: round(longestTurnMs, DIGITS) }, jobs_10000_by_64: jobs, actors_1000_at_once: actors, ...hellos },
      turn_by_queued_jobs: table,
    };
  },
};

function rounded({ roundMs, turnMs }: { readonly roundMs: number; readonly turnMs: number }): Results {
  return { round_ms: round(roundMs, DIGITS), turn_ms: round(turnMs, DIGITS) };
}

async function withHead<T>(maxParallelJobs: number, agents: number, run: (head: MeasuredHead) => Promise<T>): Promise<T> {
  const head = await MeasuredHead.start(maxParallelJobs);
  try {
    await head.addAgents(agents);
    return await run(head);
  } finally {
    await head.close();
  }
}

async function submitted(head: MeasuredHead, say: BenchContext['say']): Promise<Results> {
  say('jobs');
  const submit = (count: number) => async (): Promise<void> => {
    let left = count;
    const client = async (): Promise<void> => {
      for (; left > 0; await head.connection.jobs.submit(IRIS)) left -= 1;
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
  };
  await submit(JOBS / 10)();
  return rounded(await head.during(submit(JOBS)));
}

async function created(head: MeasuredHead, say: BenchContext['say']): Promise<Results> {
  say('actors');
  await head.createActors(ACTORS);
  return rounded(await head.during(() => head.createActors(ACTORS)));
}

async function greeted(head: MeasuredHead, say: BenchContext['say']): Promise<Results> {
  say('hello');
  await head.createActors(LEASES);
  const known = await head.during(() => head.helloAgain(false));
  const gone = await head.during(() => head.helloAgain(true));
  return { hello_10000_leases: rounded(known), hello_10000_leases_gone: rounded(gone) };
}

async function grown(say: BenchContext['say']): Promise<Results> {
  say('growth');
  const table: Record<string, Results> = {};
  for (const nodes of [3, 100]) {
    for (const queued of [100, 1_000, 10_000]) {
      const limited = await growth({ nodes, queued, isLimited: true });
      const full = await growth({ nodes, queued, isLimited: false });
      table[`${nodes} nodes, ${queued} jobs`] = {
        behind_limit_ms: round(limited.medianMs, 2),
        behind_limit_longest_ms: round(limited.longestMs, 2),
        behind_full_nodes_ms: round(full.medianMs, 2),
        behind_full_nodes_longest_ms: round(full.longestMs, 2),
      };
    }
  }
  return table;
}
