import {
  asyncReads,
  CommitQueue,
  emptyRows,
  FencedError,
  forgetRows,
  memoryLeadership,
  memoryReads,
  StoreUnavailableError,
  writeRows,
} from '@trainer/head/internal';
import type { Change, ClusterStore, Leadership, LeadershipRow, RowLook } from '@trainer/head/internal';
import type { Link } from './network.js';
import type { SimProcess, World } from './world.js';

/** Looks at each row that a transaction is about to write. */
export interface RowWitness extends RowLook {
  /** A head leads under a new head epoch. */
  leads(headEpoch: number): void;
  transaction(headEpoch: number, changes: readonly Change[]): void;
  committed(): void;
}

/** A statement that takes longer means that PostgreSQL is away. */
const STATEMENT_TIMEOUT_MS = 5_000;

/** PostgreSQL, as the head's adapters see it: transactions are atomic, answers may be lost, and what was written stays. */
export class SimDatabase {
  readonly rows = emptyRows();
  readonly leadership: LeadershipRow = { headEpoch: 0, head: null, renewals: 0 };
  isUp = true;
  /** So many answers to the next transactions are lost; the transactions happen. */
  answersToLose = 0;
  /** Rises when PostgreSQL is killed: what is under way then is lost. */
  #life = 0;

  constructor(
    readonly world: World,
    readonly witness: RowWitness,
  ) {}

  setUp(isUp: boolean): void {
    if (this.isUp === isUp) return;
    this.world.note('database', isUp ? 'is back' : 'is away');
    this.isUp = isUp;
    this.#life += 1;
  }

  /** One statement of a process. Its answer may be lost; it may even run when its sender has given up. */
  ask<T>(process: SimProcess, link: Link, isWrite: boolean, run: () => T): Promise<T> {
    const { world } = this;
    return new Promise((resolve, reject) => {
      const life = this.#life;
      const settle = (call: () => void): void => {
        timer.cancel();
        process.io(call);
      };
      const fail = (why: string): void => settle(() => reject(new StoreUnavailableError(new Error(why))));
      const timer = process.clock.after(STATEMENT_TIMEOUT_MS, () => reject(new StoreUnavailableError(new Error('no answer in time'))));
      const arrive = (): void => {
        // What lies in the sender's kernel is sent again when the way is healed, whoever still waits for it.
        if (link.isCut) {
          world.after(250, arrive);
          return;
        }
        if (!this.isUp || this.#life !== life) {
          fail('the connection was refused');
          return;
        }
        let answer: () => void;
        try {
          const value = run();
          answer = () => resolve(value);
        } catch (error) {
          answer = () => reject(error as Error);
        }
        if (isWrite && this.answersToLose > 0) {
          this.answersToLose -= 1;
          world.note('database', 'loses an answer');
          world.after(world.random.int(1, 50), () => fail('the connection broke'));
          return;
        }
        world.after(link.delayMs(), () => {
          if (this.#life !== life) fail('the connection broke');
          else if (!link.isCut) settle(answer);
        });
      };
      world.after(link.delayMs(), arrive);
    });
  }

  /** @throws FencedError */
  transact(headEpoch: number, changes: readonly Change[]): void {
    if (this.leadership.headEpoch !== headEpoch) throw new FencedError(headEpoch, null);
    this.witness.transaction(headEpoch, changes);
    for (const change of changes) writeRows(this.rows, change, this.witness);
    this.witness.committed();
    this.world.isChanged = true;
  }

  /** A process's view of the leadership row; a leader without a connection left is followed at once, as PostgreSQL knows. */
  leadershipOf(process: SimProcess, link: Link, isConnected: (head: string) => boolean): Leadership {
    const memory = memoryLeadership(this.leadership, process.clock, 3_000);
    const row = this.leadership;
    // The memory adapter decides before its first wait, so that the answer is that of one moment.
    const ask = async <T>(run: () => Promise<T>): Promise<T> => {
      const { answer } = await this.ask(process, link, true, () => {
        const before = row.headEpoch;
        const answer = run();
        if (row.headEpoch !== before) this.witness.leads(row.headEpoch);
        return { answer };
      });
      return answer;
    };
    return {
      acquire: (candidate) =>
        ask(() => {
          if (row.head !== null && !isConnected(row.head)) row.head = null;
          return memory.acquire(candidate);
        }),
      renew: (candidate, held) => ask(() => memory.renew(candidate, held)),
      raise: (candidate, held, to) => ask(() => memory.raise(candidate, held, to)),
      resign: (candidate, held) => ask(() => memory.resign(candidate, held)),
    };
  }

  /** A head's store. */
  storeOf(process: SimProcess, link: Link, headEpoch: () => number): ClusterStore {
    const { rows } = this;
    const queue = new CommitQueue((changes) => {
      const epoch = headEpoch();
      return this.ask(process, link, true, () => {
        this.transact(epoch, changes);
        return changes.length;
      });
    });
    const { load, ...reads } = asyncReads(memoryReads(rows), (run) => this.ask(process, link, false, run));
    return {
      ...reads,
      load: async () => {
        const state = await load();
        queue.mend();
        return state;
      },
      commit: (change) => queue.push(change),
      forget: (what, before, limit) => {
        const epoch = headEpoch();
        return this.ask(process, link, true, () => {
          if (this.leadership.headEpoch !== epoch) throw new FencedError(epoch, null);
          return forgetRows(rows, what, before, limit);
        });
      },
      room: () => this.ask(process, link, true, () => undefined),
      close: async () => undefined,
    };
  }
}
