import type { LogLine } from '@trainer/wire';

/**
 * What a follower of a log was shown. The same line comes live and from the store, and which of two equal lines it was can't be
 * told: so they are counted.
 */
export class ShownLines {
  /** Older lines were shown from the store, or left out for want of room. */
  readonly #from: number;
  readonly #stored = new Map<string, number>();
  readonly #live = new Map<string, number>();
  readonly #shown = new Map<string, number>();

  /** @param stored the lines of the store that were shown first, oldest first */
  constructor(stored: readonly LogLine[]) {
    this.#from = stored.at(-1)?.at ?? 0;
    for (const line of stored) {
      if (line.at < this.#from) continue;
      count(this.#stored, line);
      count(this.#shown, line);
    }
  }

  /** @returns those that the store did not hold at first; they count as shown */
  newOfLive(lines: readonly LogLine[]): readonly LogLine[] {
    return lines.filter((line) => {
      const isNew = count(this.#live, line) > (this.#stored.get(keyOf(line)) ?? 0);
      if (isNew) count(this.#shown, line);
      return isNew;
    });
  }

  /** @returns those of the whole store that neither came live nor were shown first */
  newOfStored(lines: readonly LogLine[]): readonly LogLine[] {
    const seen = new Map<string, number>();
    return lines.filter((line) => line.at >= this.#from && count(seen, line) > (this.#shown.get(keyOf(line)) ?? 0));
  }
}

function keyOf({ lease, at, isStderr, line }: LogLine): string {
  return `${lease} ${at} ${String(isStderr)} ${line}`;
}

/** @returns how often the line was counted, with this time */
function count(counts: Map<string, number>, line: LogLine): number {
  const key = keyOf(line);
  const times = (counts.get(key) ?? 0) + 1;
  counts.set(key, times);
  return times;
}
