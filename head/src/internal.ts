/** For the simulation of the whole cluster in `test`: a head's parts, to be joined with simulated ports. */
export { composeHead } from './compose.js';
export type { HeadParts, HeadServices } from './compose.js';
export { tableOfFile } from './estimates/table-of-file.js';
export { memoryLeadership } from './leadership/memory-leadership.js';
export type { LeadershipRow } from './leadership/memory-leadership.js';
export { LEADER_STILL_MS } from './leadership/leadership.js';
export type { Leadership } from './leadership/leadership.js';
export { Renewal } from './leadership/renewal.js';
export { ClusterLoop } from './loop/cluster-loop.js';
export { ClusterState } from './loop/cluster-state.js';
export { Planner } from './loop/planner.js';
export { scaledTimers } from './loop/settings.js';
export type { Timers } from './loop/settings.js';
export type { Turn } from './loop/turn.js';
export type { JobRecord } from './jobs/job-record.js';
export { newJob, submittedEvent } from './jobs/new-job.js';
export { sweepFinalKeys } from './promotion/sweep.js';
export { CommitQueue } from './store/commit-queue.js';
export type { Change, ClusterStore, StoredNode, StoredSession } from './store/cluster-store.js';
export { asyncReads, emptyRows, forgetRows, memoryReads, writeRows } from './store/memory-store.js';
export type { MemoryRows, RowLook } from './store/memory-store.js';
/** For benchmarks of the store alone. */
export { openDatabase } from './store/database.js';
export type { Connections } from './store/database.js';
export { migrate } from './store/migrate.js';
export { postgresStore } from './store/postgres-store.js';
export { FencedError, StoreUnavailableError } from './store/errors.js';
