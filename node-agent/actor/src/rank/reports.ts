import { MAX_WAITING_REPORTS, TrainerError, type FromActorProcess, type RankReport, type SavedState } from '@trainer/model';
import { deferred, type Deferred } from '@trainer/runtime';

/** The head did not store a report: the attempt is over for it. */
export class FactRefusedError extends TrainerError<'fact.refused', { why: string }> {
  constructor(why: string) {
    super('fact.refused', `The head refused the report: ${why}`, { why });
  }
}

/** Reports on their way to the head, by number. */
export class Reports {
  readonly #send: (message: FromActorProcess) => void;
  readonly #waiting = new Map<number, Deferred<void>>();
  #last = 0;

  constructor(send: (message: FromActorProcess) => void) {
    this.#send = send;
  }

  /** Resolves when the head has stored it. @throws FactRefusedError, TrainerError `queue.full` */
  report(report: RankReport): Promise<void> {
    return this.#ask((number) => ({ kind: 'report', number, report }));
  }

  /** As `report`, for the newest state of an actor. */
  state(state: SavedState): Promise<void> {
    return this.#ask((number) => ({ kind: 'state', number, state }));
  }

  #ask(message: (number: number) => FromActorProcess): Promise<void> {
    if (this.#waiting.size >= MAX_WAITING_REPORTS) {
      throw new TrainerError(
        'queue.full',
        `${MAX_WAITING_REPORTS} reports wait for the head already; wait for one first.`,
        { limit: MAX_WAITING_REPORTS },
        'same',
      );
    }
    this.#last += 1;
    const waiting = deferred<void>();
    this.#waiting.set(this.#last, waiting);
    this.#send(message(this.#last));
    return waiting.promise;
  }

  settled(number: number, refused: string | null): void {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (refused === null) waiting?.resolve();
    else waiting?.reject(new FactRefusedError(refused));
  }
}
