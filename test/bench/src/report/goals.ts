/** A figure that somebody promised, and who else can be measured at it. */
export interface Goal {
  readonly bench: string;
  readonly what: string;
  /** Where the figure is in the results. */
  readonly path: string;
  readonly goal: number;
  readonly unit: string;
  readonly better: 'lower' | 'higher';
  /** Ray's figure as measured earlier on two quiet cores, and where its script tells today's. */
  readonly ray: { readonly known: number; readonly path: string; readonly scale: number } | null;
}

const SECONDS = 1_000;

/** What was promised of one node on two cores. Ray's earlier figures are of Ray 2.60. */
export const GOALS: readonly Goal[] = [
  {
    bench: 'cold-start',
    what: 'start to first answer, no gateway',
    path: 'without_gateway.to_first_answer_ms.median',
    goal: 1_000,
    unit: 'ms',
    better: 'lower',
    ray: { known: 8_700, path: 'embedded_init.dashboard.process_start_to_first_reply_s.median', scale: SECONDS },
  },
  {
    bench: 'cold-start',
    what: 'idle memory, no gateway',
    path: 'without_gateway.idle.pss_mib',
    goal: 160,
    unit: 'MiB',
    better: 'lower',
    ray: { known: 624, path: 'ray_start_head.idle_pss_mib.median', scale: 1 },
  },
  {
    bench: 'cold-start',
    what: 'idle memory of npm start',
    path: 'npm_start.idle.pss_mib',
    goal: 250,
    unit: 'MiB',
    better: 'lower',
    ray: null,
  },
  {
    bench: 'cold-start',
    what: 'npm start again to ready',
    path: 'npm_start.to_health_ready_ms.median',
    goal: 3_000,
    unit: 'ms',
    better: 'lower',
    ray: null,
  },
  {
    bench: 'actors',
    what: 'actor created to answering, p50',
    path: 'one_to_answer.p50_ms',
    goal: 150,
    unit: 'ms',
    better: 'lower',
    ray: { known: 983, path: 'launch_one_to_reply.p50_ms', scale: 1 },
  },
  {
    bench: 'actors',
    what: 'actors a second, 40 at once',
    path: 'at_once_40.per_s',
    goal: 20,
    unit: '/s',
    better: 'higher',
    ray: { known: 1.6, path: 'batch_40.per_s', scale: 1 },
  },
  {
    bench: 'actors',
    what: 'memory of an actor',
    path: 'at_once_40.pss_mib_per_actor',
    goal: 35,
    unit: 'MiB',
    better: 'lower',
    ray: { known: 58, path: 'batch_40.pss_mib_per_actor', scale: 1 },
  },
  {
    bench: 'calls',
    what: 'calls, one at a time',
    path: 'one_at_a_time_per_s.median',
    goal: 4_000,
    unit: '/s',
    better: 'higher',
    ray: { known: 426, path: 'sync_1_1_small_per_s.median', scale: 1 },
  },
  {
    bench: 'calls',
    what: 'calls, 1,000 in flight',
    path: 'batches_of_1000_per_s.median',
    goal: 100_000,
    unit: '/s',
    better: 'higher',
    ray: { known: 1_440, path: 'async_1_1_small_batch1000_per_s.median', scale: 1 },
  },
  { bench: 'jobs', what: 'iris: POST /train, p50', path: 'iris.post.p50_ms', goal: 15, unit: 'ms', better: 'lower', ray: null },
  {
    bench: 'jobs',
    what: 'iris: submit to first metrics, p50',
    path: 'iris.to_first_metrics.p50_ms',
    goal: 500,
    unit: 'ms',
    better: 'lower',
    ray: { known: 10_400, path: 'train_trivial_1_workers.first_report.median', scale: SECONDS },
  },
  {
    bench: 'jobs',
    what: 'iris: submit to completed, p50',
    path: 'iris.to_completed.p50_ms',
    goal: 800,
    unit: 'ms',
    better: 'lower',
    ray: null,
  },
  {
    bench: 'jobs',
    what: '100,000 x 28: submit to completed',
    path: 'table_100k_28.to_completed_ms.median',
    goal: 2_000,
    unit: 'ms',
    better: 'lower',
    ray: null,
  },
  {
    bench: 'xgboost',
    what: "training time to the Python package's",
    path: 'all_trees_in_one_epoch.train_ratio',
    goal: 1.05,
    unit: 'x',
    better: 'lower',
    ray: null,
  },
  {
    bench: 'xgboost',
    what: 'the same, a tree an epoch with metrics',
    path: 'a_tree_an_epoch.train_ratio',
    goal: 1.05,
    unit: 'x',
    better: 'lower',
    ray: null,
  },
];
