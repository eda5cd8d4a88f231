import type { pg } from './pg.js';

/** One statement, and the texts of its parameters. */
export interface Statement {
  readonly text: string;
  readonly values: readonly string[];
}

/** As pg hands the connection to a query: the messages of PostgreSQL's extended protocol. */
interface Wire {
  readonly stream: { cork(): void; uncork(): void };
  parse(message: { text: string }): void;
  bind(message: { portal: string; values: readonly string[] }): void;
  execute(message: { portal: string }): void;
  sync(): void;
}

/**
 * Several statements in one round trip and one transaction: PostgreSQL ends it at the one Sync behind them, and after an error skips
 * what follows and undoes what went before (protocol-flow, "Pipelining"). No BEGIN can get lost, and nothing is left to roll back.
 * pg's own pipeline mode has a Sync, and so a transaction, for each statement.
 *
 * All that is large goes before the first Execute: of a head that is frozen or cut off while it sends, PostgreSQL has run nothing, and holds
 * neither a row nor the lock that a take-over waits for.
 */
class Transaction {
  /** pg puts its time-out around it. */
  callback: (error: Error | null) => void;
  #error: Error | null = null;
  /** Rows written by each statement. */
  readonly #counts: number[] = [];

  constructor(
    private readonly statements: readonly Statement[],
    onEnd: (error: Error | null, counts: readonly number[]) => void,
  ) {
    this.callback = (error) => onEnd(error, this.#counts);
  }

  submit(connection: unknown): void {
    const wire = connection as Wire;
    wire.stream.cork();
    try {
      this.statements.forEach(({ text, values }, n) => {
        wire.parse({ text });
        wire.bind({ portal: `p${n}`, values });
      });
      this.statements.forEach((_statement, n) => wire.execute({ portal: `p${n}` }));
      wire.sync();
    } finally {
      wire.stream.uncork();
    }
  }

  handleDataRow(): void {}
  handleRowDescription(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}

  handleCommandComplete({ text }: { text: string }): void {
    this.#counts.push(Number(/\d+$/.exec(text)?.[0] ?? 0));
  }

  handleError(error: Error): void {
    this.#error ??= error;
    this.callback(this.#error);
  }

  handleReadyForQuery(): void {
    this.callback(this.#error);
  }
}

/** @returns how many rows each of the statements wrote. @throws what PostgreSQL says of the first that failed; nothing is written then */
export function transact(client: pg.PoolClient, statements: readonly Statement[]): Promise<readonly number[]> {
  return new Promise((resolve, reject) => {
    client.query(new Transaction(statements, (error, counts) => (error === null ? resolve(counts) : reject(error))));
  });
}
