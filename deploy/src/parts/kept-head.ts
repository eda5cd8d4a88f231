import type { Clock, Millis, Timer } from '@trainer/model';
import type { Logger } from '@trainer/runtime';
import { portOf } from '../embedded/ports.js';

/** A head as it is kept. */
export interface StartedHead {
  /** host:port */
  readonly address: string;
  close(): Promise<void>;
}

/** Starts one more head at a port (0: any). `onFatal`: it leads no more, and must be closed. @throws when it can't lead or listen */
export type StartHead = (port: number, onFatal: (error: Error) => void) => Promise<StartedHead>;

export interface KeptHeadOptions {
  readonly start: StartHead;
  /** The port of the first; 0: any. Later ones take the port of the first. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Heads end or can't start again and again: the cluster can't go on. */
  readonly onGivenUp: (error: Error) => void;
}

/** So many ends within this time are no accident: something is wrong that another head does not mend. */
const MOST_ENDS = 10;
const WINDOW_MS: Millis = 60_000;
/** Without a head for so long: PostgreSQL, whose own recovery may take as long, does not come back. */
const WITHOUT_MS: Millis = 60_000;
const RETRY_FIRST_MS: Millis = 100;
const RETRY_LONGEST_MS: Millis = 2_000;

/**
 * The head of the embedded cluster: one that is fenced is closed, and a new one started in this process at the same address, where
 * agents, gateway and clients find it again (design.md section 8).
 */
export class KeptHead {
  #head: StartedHead | null = null;
  #replacing: Promise<void> | null = null;
  /** A head ended while it was about to be the one that is kept. */
  #endedMeanwhile: Error | null = null;
  #ends: Millis[] = [];
  #isClosed = false;
  #wake: (() => void) | null = null;

  constructor(private readonly options: KeptHeadOptions) {}

  /** @returns the address, which stays. @throws what the start throws */
  async start(): Promise<string> {
    const { address } = await this.#startOne(this.options.port);
    this.#lookAtEnd();
    return address;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake?.();
    await this.#replacing;
    await this.#head?.close();
    this.#head = null;
  }

  #ended(error: Error): void {
    if (this.#isClosed) return;
    if (this.#replacing !== null) {
      this.#endedMeanwhile = error;
      return;
    }
    const { clock, log, onGivenUp } = this.options;
    const now = clock.monotonicMs();
    this.#ends = [...this.#ends.filter((at) => now - at < WINDOW_MS), now];
    if (this.#ends.length >= MOST_ENDS) {
      onGivenUp(error);
      return;
    }
    log.warn('the head has ended; a new one is started', { error: error.message });
    this.#replacing = this.#replace().finally(() => {
      this.#replacing = null;
      this.#lookAtEnd();
    });
  }

  async #startOne(port: number): Promise<StartedHead> {
    let started: StartedHead | null = null;
    let early: Error | null = null;
    // The end of one that did not start either is told by the start.
    started = await this.options.start(port, (error) => {
      if (started === null) early ??= error;
      else if (this.#head === started) this.#ended(error);
    });
    this.#head = started;
    this.#endedMeanwhile = early;
    return started;
  }

  #lookAtEnd(): void {
    const error = this.#endedMeanwhile;
    this.#endedMeanwhile = null;
    if (error !== null) this.#ended(error);
  }

  async #replace(): Promise<void> {
    const { clock, log } = this.options;
    const old = this.#head;
    if (old === null) return;
    const port = portOf(old.address);
    await old.close();
    const startedMs = clock.monotonicMs();
    for (let pauseMs = RETRY_FIRST_MS; !this.#isClosed; pauseMs = Math.min(2 * pauseMs, RETRY_LONGEST_MS)) {
      try {
        await this.#startOne(port);
        return;
      } catch (thrown) {
        const error = thrown as Error;
        log.warn('a new head could not be started', { error: error.message });
        if (clock.monotonicMs() - startedMs >= WITHOUT_MS) return this.#givenUp(error);
      }
      await this.#pause(pauseMs);
    }
  }

  #givenUp(error: Error): void {
    this.#head = null;
    this.options.onGivenUp(error);
  }

  /** A close ends it early. */
  async #pause(ms: Millis): Promise<void> {
    let timer: Timer | null = null;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = this.options.clock.after(ms, resolve);
    });
    (timer as Timer | null)?.cancel();
    this.#wake = null;
  }
}
