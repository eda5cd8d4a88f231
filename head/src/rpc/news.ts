import type { Millis } from '@trainer/model';

/** What is told once is told again after so long, for who looks at the newest lines of a log. */
const AGAIN_MS: Millis = 60_000;
/** More different things than this are forgotten from the oldest on. */
const MOST_KNOWN = 1_000;

/** What was said in a log already: an agent that is refused tries again ten times a second, and each time for the same reason. */
export class News {
  readonly #toldMs = new Map<string, Millis>();

  /** @returns whether it was not told within the last minute; it then counts as told at `nowMs`, of a monotonic clock */
  is(text: string, nowMs: Millis): boolean {
    const toldMs = this.#toldMs.get(text);
    if (toldMs !== undefined && nowMs - toldMs < AGAIN_MS) return false;
    this.#toldMs.delete(text);
    this.#toldMs.set(text, nowMs);
    const [oldest] = this.#toldMs.keys();
    if (this.#toldMs.size > MOST_KNOWN && oldest !== undefined) this.#toldMs.delete(oldest);
    return true;
  }
}
