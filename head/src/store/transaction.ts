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
  bind(message: { values: readonly string[] }): void;
  execute(message: object): void;
  sync(): void;
}

/**
 * Several statements in one round trip and one transaction: PostgreSQL ends it at the one Sync behind them, and after an error skips
 * what follows and undoes what went before (protocol-flow, "Pipelining"). No BEGIN can get lost, and nothing is left to roll back.
 * pg's own pipeline mode has a Sync, and so a transaction, for each statement.
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
    for (const { text, values } of this.statements) {
      wire.parse({ text });
      wire.bind({ values });
      wire.execute({});
    }
    wire.sync();
    wire.stream.uncork();
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
