import type { Actor, ActorId, Clock, Timer } from '@trainer/model';
import { pauseOf } from './restarts.js';

/**
 * Counts the pauses of actors that were started again a moment ago, from when they are first seen to wait. A new head counts
 * them afresh: they are short.
 */
export class RestartPauses {
  readonly #pauses = new Map<ActorId, { readonly restarts: number; readonly timer: Timer; isOver: boolean }>();

  constructor(
    private readonly clock: Clock,
    private readonly onOver: () => void,
  ) {}

  /** @param pending all actors that wait for a place @returns those of them that may be placed now */
  due(pending: readonly Actor[]): readonly Actor[] {
    const waiting = new Set(pending.map(({ spec }) => spec.id));
    for (const id of this.#pauses.keys()) if (!waiting.has(id)) this.#end(id);
    return pending.filter((actor) => this.#isDue(actor));
  }

  close(): void {
    for (const id of this.#pauses.keys()) this.#end(id);
  }

  #isDue(actor: Actor): boolean {
    const pauseMs = pauseOf(actor);
    if (pauseMs === 0) return true;
    const { id } = actor.spec;
    const known = this.#pauses.get(id);
    if (known?.restarts === actor.restarts) return known.isOver;
    this.#end(id);
    const timer = this.clock.after(pauseMs, () => {
      pause.isOver = true;
      this.onOver();
    });
    const pause = { restarts: actor.restarts, timer, isOver: false };
    this.#pauses.set(id, pause);
    return false;
  }

  #end(id: ActorId): void {
    this.#pauses.get(id)?.timer.cancel();
    this.#pauses.delete(id);
  }
}
