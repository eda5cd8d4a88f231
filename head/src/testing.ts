/** For tests of other packages, which can start a real PostgreSQL: the contracts, and the adapters under them. */
export { describeLeadership } from './leadership/leadership.contract.js';
export type { LeadershipFixture } from './leadership/leadership.contract.js';
export { connectionName, postgresLeadership } from './leadership/postgres-leadership.js';
export { describeClusterStore } from './store/cluster-store.contract.js';
export type { StoreFixture } from './store/cluster-store.contract.js';
export { describeForgetting } from './store/forgetting.contract.js';
export { openDatabase } from './store/database.js';
export type { Connections, Database } from './store/database.js';
export { migrate } from './store/migrate.js';
export { postgresStore } from './store/postgres-store.js';
