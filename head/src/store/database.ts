import { pg } from './pg.js';
import { TrainerError } from '@trainer/model';
import { DatabaseBusyError, DatabaseFullError, StoreUnavailableError } from './errors.js';

/** One or a few connections for one purpose, so that none waits for another's. */
export interface Connections {
  /** @throws StoreUnavailableError when PostgreSQL is away; other database errors as they are. */
  query<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** One connection of its own for as long as `use` runs. */
  withClient<T>(use: (client: pg.PoolClient) => Promise<T>): Promise<T>;
}

/** What the head uses of PostgreSQL. A slow read holds up neither a commit nor the leadership, and a commit not the leadership. */
export interface Database {
  readonly commits: Connections;
  readonly leadership: Connections;
  /** Answers to people and programs. @throws DatabaseBusyError when too many wait */
  readonly reads: Connections;
  /** What may take minutes in a large database (bringing the schema up to date, reading all state), and what has time (pruning). */
  readonly long: Connections;
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

interface Purpose {
  readonly connections: number;
  /** So many may wait for a connection. */
  readonly waiting: number;
  /** Null: as the database has it. Longer ones are ended by PostgreSQL too, which else would work on for nobody. */
  readonly timeoutMs: number | null;
  /** Kept while nobody asks: a commit and a renewal do not wait for a connection to be made. */
  readonly isKept: boolean;
}

/** Reading all of a large state, or making an index on a large table, takes so long at most. */
const LONG_MS = 10 * 60_000;
/** Three at a time: each costs PostgreSQL 5 MiB, and a read takes a millisecond. */
const READ_CONNECTIONS = 3;
/** More would wait longer than their callers do. */
const MAX_WAITING_READS = 200;
/** Whoever uses the others asks for one thing after the other. */
const MAX_WAITING = 10;

const COMMITS: Purpose = { connections: 1, waiting: MAX_WAITING, timeoutMs: null, isKept: true };
const READS: Purpose = { connections: READ_CONNECTIONS, waiting: MAX_WAITING_READS, timeoutMs: null, isKept: false };
const LONG: Purpose = { connections: 1, waiting: MAX_WAITING, timeoutMs: LONG_MS, isKept: false };

/** Frees a frozen leader's lock within the 3 s after which a standby takes over (design.md section 8). */
const SESSION_SETTINGS =
  '-c synchronous_commit=on -c idle_in_transaction_session_timeout=2000 -c tcp_user_timeout=2000 -c search_path=trainer -c jit=off';

export function openDatabase(options: DatabaseOptions): Database {
  const all = { commits: new Pool(options, COMMITS), leadership: new Pool(options, COMMITS), reads: new Pool(options, READS) };
  // A renewal takes a millisecond, so it never waits for a look at who works on.
  const long = new Pool(options, LONG, (client) => endWhenForgotten(client, all.leadership, options));
  const pools = [...Object.values(all), long];
  return {
    ...all,
    long,
    reconnect: () => pools.forEach((pool) => pool.reconnect()),
    close: async () => void (await Promise.all(pools.map((pool) => pool.close()))),
  };
}

class Pool implements Connections {
  #pool: pg.Pool;

  constructor(
    private readonly options: DatabaseOptions,
    private readonly purpose: Purpose,
    /** Looks after a connection in use, until what it gave is called. */
    private readonly guard: (client: pg.PoolClient) => () => void = () => () => undefined,
  ) {
    this.#pool = openPool(options, purpose);
  }

  async query<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return this.withClient(async (client) => (await client.query<Row>(text, values.map(asStored))).rows);
  }

  async withClient<T>(use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const { onLost } = this.options;
    if (this.#pool.waitingCount >= this.purpose.waiting) throw new DatabaseBusyError(this.purpose.waiting);
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw translate(error);
    });
    // The pool listens to idle connections only, and a break that nobody hears ends the process. Who uses it is told by its statement.
    client.on('error', onLost);
    const unguard = this.guard(client);
    let broken: unknown = null;
    try {
      return await use(client);
    } catch (error) {
      broken = error;
      throw translate(error);
    } finally {
      unguard();
      client.off('error', onLost);
      client.release(isAway(broken));
    }
  }

  reconnect(): void {
    const before = this.#pool;
    this.#pool = openPool(this.options, this.purpose);
    before.end().catch(this.options.onLost);
  }

  close(): Promise<void> {
    return this.#pool.end();
  }
}

/** PostgreSQL's texts have no U+0000: rows are written with U+FFFD in its place (gather.ts), and so they are asked for. */
function asStored(value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll('\0', '\ufffd') : value;
}

/** PostgreSQL may be between two statements of the same work at one look, not at so many. */
const IDLE_LOOKS = 2;

/**
 * What may take minutes has no time-out that would tell a slow answer from one that was lost: a connection that was cut, or whose server was
 * killed and started again, would be waited for as long. So each `timeoutMs` PostgreSQL is asked, over another connection, whether it
 * still works on what this one waits for; if it does not, or does not answer, the connection is broken off.
 * @returns what ends the watch
 */
function endWhenForgotten(client: pg.PoolClient, ask: Connections, { timeoutMs, onLost }: DatabaseOptions): () => void {
  const pid = (client as unknown as { processID: number }).processID;
  let idleLooks = 0;
  let isLooking = false;
  const look = async (): Promise<void> => {
    const isAtWork = await ask.query<{ state: string }>('SELECT state FROM pg_stat_activity WHERE pid = $1', [pid]).then(
      ([row]) => row !== undefined && row.state !== 'idle',
      (error: unknown) => !isAway(error),
    );
    idleLooks = isAtWork ? 0 : idleLooks + 1;
    if (idleLooks >= IDLE_LOOKS) await (client as unknown as pg.Client).end();
  };
  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    look()
      .catch((error: unknown) => onLost(error as Error))
      .finally(() => (isLooking = false));
  }, timeoutMs);
  return () => clearInterval(timer);
}

function openPool(options: DatabaseOptions, { connections, timeoutMs, isKept }: Purpose): pg.Pool {
  const statementMs = timeoutMs ?? options.timeoutMs;
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: options.applicationName,
    options: `${SESSION_SETTINGS} -c statement_timeout=${statementMs}`,
    max: connections,
    min: isKept ? 1 : 0,
    idleTimeoutMillis: 10_000,
    connectionTimeoutMillis: options.timeoutMs,
    query_timeout: statementMs,
    keepAlive: true,
  });
  pool.on('error', options.onLost);
  return pool;
}

/** SQLSTATEs: class 08 connection, 57P admin shutdown, crash, cannot connect now, 57014 statement time-out, 53 resources, 25P03 idle in transaction. */
const AWAY = /^(08|57P|57014|53|58|25P03|XX)/;
/** "could not extend file", "could not write": no space left on the device (58030 is what an I/O error of another kind has). */
const DISK_FULL = '53100';

function isAway(error: unknown): boolean {
  if (error === null || error instanceof TypeError || error instanceof RangeError) return false;
  if (error instanceof TrainerError) return error instanceof StoreUnavailableError;
  // What PostgreSQL did not say is the driver's or the system's own error: connection refused, reset, ended, timed out.
  if (!(error instanceof pg.DatabaseError)) return true;
  return AWAY.test(error.code ?? '');
}

function translate(error: unknown): unknown {
  if (error instanceof TrainerError || !isAway(error)) return error;
  if (error instanceof pg.DatabaseError && error.code === DISK_FULL) return new DatabaseFullError(error);
  return new StoreUnavailableError(error);
}
