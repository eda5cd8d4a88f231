import { pg } from './pg.js';
import { TrainerError } from '@trainer/model';
import { StoreUnavailableError } from './errors.js';

/** What the head uses of PostgreSQL: single statements on a few pooled connections. */
export interface Database {
  /** @throws StoreUnavailableError when PostgreSQL is away; other database errors as they are. */
  query<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** One connection of its own for as long as `use` runs. */
  withClient<T>(use: (client: pg.PoolClient) => Promise<T>): Promise<T>;
  /** From now on other connections are used: of those of before none is trusted, and they are ended. */
  reconnect(): void;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: string;
  /** Shows in pg_stat_activity: a leader without a connection is known to be gone. */
  readonly applicationName: string;
  /** How long a statement or a connection may take before PostgreSQL counts as away. */
  readonly timeoutMs: number;
  /** Called when a connection breaks, in use or not, so that nobody has to poll. */
  readonly onLost: (error: Error) => void;
}

/** One connection writes, one reads, one renews; more would only cost memory (5 MiB each). */
const MAX_CONNECTIONS = 3;
/** Frees a frozen leader's lock within the 3 s after which a standby takes over (design.md section 8). */
const SESSION_SETTINGS =
  '-c synchronous_commit=on -c idle_in_transaction_session_timeout=2000 -c tcp_user_timeout=2000 -c search_path=trainer -c jit=off';

export function openDatabase(options: DatabaseOptions): Database {
  let pool = openPool(options);
  return {
    async query<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
      try {
        return (await pool.query<Row>(text, [...values])).rows;
      } catch (error) {
        throw translate(error);
      }
    },
    async withClient(use) {
      const client = await pool.connect().catch((error: unknown) => {
        throw translate(error);
      });
      // The pool listens to idle connections only, and a break that nobody hears ends the process. Who uses it is told by its statement.
      client.on('error', options.onLost);
      let broken: unknown = null;
      try {
        return await use(client);
      } catch (error) {
        broken = error;
        throw translate(error);
      } finally {
        client.off('error', options.onLost);
        client.release(isAway(broken));
      }
    },
    reconnect() {
      const before = pool;
      pool = openPool(options);
      before.end().catch(options.onLost);
    },
    close: () => pool.end(),
  };
}

function openPool(options: DatabaseOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: options.applicationName,
    options: SESSION_SETTINGS,
    max: MAX_CONNECTIONS,
    min: 1,
    idleTimeoutMillis: 10_000,
    connectionTimeoutMillis: options.timeoutMs,
    query_timeout: options.timeoutMs,
    keepAlive: true,
  });
  pool.on('error', options.onLost);
  return pool;
}

/** SQLSTATEs: class 08 connection, 57P admin shutdown, crash, cannot connect now, 53 resources, 25P03 idle in transaction. */
function isAway(error: unknown): boolean {
  if (error === null || error instanceof TypeError || error instanceof RangeError) return false;
  if (error instanceof TrainerError) return error instanceof StoreUnavailableError;
  // What PostgreSQL did not say is the driver's or the system's own error: connection refused, reset, ended, timed out.
  if (!(error instanceof pg.DatabaseError)) return true;
  return /^(08|57P|53|25P03|XX)/.test(error.code ?? '');
}

function translate(error: unknown): unknown {
  return isAway(error) && !(error instanceof StoreUnavailableError) ? new StoreUnavailableError(error) : error;
}
