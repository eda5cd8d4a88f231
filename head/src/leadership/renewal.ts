import type { Clock, HeadId, Millis, Timer } from '@trainer/model';
import type { ClusterLoop } from '../loop/cluster-loop.js';
import { FencedError } from '../store/errors.js';
import type { Leadership } from './leadership.js';

export interface RenewalOptions {
  readonly leadership: Leadership;
  readonly headId: HeadId;
  readonly loop: ClusterLoop;
  readonly clock: Clock;
  readonly everyMs: Millis;
}

/** Shows that this head lives, hears that another one leads, and that the database is away while nobody writes. */
export class Renewal {
  #timer: Timer | null = null;
  #isClosed = false;

  constructor(private readonly options: RenewalOptions) {}

  start(): void {
    this.#timer = this.options.clock.after(this.options.everyMs, () => void this.#renew());
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  async #renew(): Promise<void> {
    const { leadership, headId, loop } = this.options;
    const { headEpoch } = loop.state;
    // A suspended loop asks by itself, and may raise the head epoch meanwhile.
    if (loop.isRunning) {
      try {
        const answer = await leadership.renew(headId, headEpoch);
        if (answer === 'lost' && loop.isRunning && loop.state.headEpoch === headEpoch) loop.suspend(new FencedError(headEpoch, null));
      } catch (error) {
        loop.suspend(error);
      }
    }
    if (!this.#isClosed) this.start();
  }
}
