import type { Actor, ActorId, Clock, Timer } from '@trainer/model';
import { pauseOf } from './restarts.js';

/**
 * Counts the pauses of actors that were started again a moment ago, from when they are first seen to wait. A new head counts
 * them afresh: they are short.
 */
export class RestartPauses {
  readonly #pauses = new Map<ActorId, Timer>();

  constructor(private readonly clock: Clock) {}

  /** How many are counted. */
  get size(): number {
    return this.#pauses.size;
  }

  /** Calls `whenOver` once its pause is over: at once, where it has none. */
  begin(actor: Actor, whenOver: () => void): void {
    const { id } = actor.spec;
    this.end(id);
    const pauseMs = pauseOf(actor);
    if (pauseMs === 0) {
      whenOver();
      return;
    }
    const timer = this.clock.after(pauseMs, () => {
      this.#pauses.delete(id);
      whenOver();
    });
    this.#pauses.set(id, timer);
  }

  /** It waits no more. Idempotent. */
  end(id: ActorId): void {
    this.#pauses.get(id)?.cancel();
    this.#pauses.delete(id);
  }

  close(): void {
    for (const id of this.#pauses.keys()) this.end(id);
  }
}
