import type { Clock, Millis, Timer } from '@trainer/model';
import type { MemoryReader } from './memory-use.js';
import type { SupervisedActor } from './supervised-actor.js';

export interface WatchPorts {
  readonly clock: Clock;
  readonly everyMs: Millis;
  readonly memory: MemoryReader;
}

/** Looks at all actors' memory and ranks' beats every `everyMs`. Without actors it sets no timer: an idle agent sleeps. */
export class ActorWatch {
  readonly #ports: WatchPorts;
  readonly #actors: () => readonly SupervisedActor[];
  #timer: Timer | null = null;
  #lastMs: Millis = 0;

  /** @param actors those that are watched, asked for at each look */
  constructor(ports: WatchPorts, actors: () => readonly SupervisedActor[]) {
    this.#ports = ports;
    this.#actors = actors;
  }

  /** An actor has come; the first look is `everyMs` later. */
  wake(): void {
    if (this.#timer !== null) return;
    this.#lastMs = this.#ports.clock.monotonicMs();
    this.#lookLater();
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #lookLater(): void {
    this.#timer = this.#ports.clock.after(this.#ports.everyMs, () => this.#look());
  }

  #look(): void {
    const { clock, everyMs, memory } = this.#ports;
    this.#timer = null;
    const actors = this.#actors();
    if (actors.length === 0) return;
    this.#lookLater();
    const now = clock.monotonicMs();
    const hasStalled = now - this.#lastMs > 3 * everyMs;
    this.#lastMs = now;
    for (const actor of actors) {
      if (actor.pid !== null && actor.memoryLimitBytes > 0) actor.measured(memory.residentBytes(actor.pid));
      actor.checkBeat(now, hasStalled);
    }
  }
}
