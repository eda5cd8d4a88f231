import { appendFileSync } from 'node:fs';
import { actor } from '@trainer/client';

/** What a recorder knew before a call, and where it ran. */
export interface Recorded {
  readonly pid: number;
  /** The last id that it had recorded before; -1 at its first. After a restart, as far as its restored state knows. */
  readonly before: number;
}

/** An actor whose runs can be counted from outside: each call writes its id and its process into a file before anything else. */
export class Recorder {
  #last = -1;

  constructor(private readonly file: string) {}

  record(id: number): Recorded {
    // One write of few bytes at the end of a file is whole or not at all.
    appendFileSync(this.file, `${id} ${process.pid}\n`);
    const before = this.#last;
    this.#last = id;
    return { pid: process.pid, before };
  }

  pid(): number {
    return process.pid;
  }

  /** Its last id, without recording anything. */
  last(): number {
    return this.#last;
  }

  checkpoint(): { last: number } {
    return { last: this.#last };
  }

  restore(state: { last: number }): void {
    this.#last = state.last;
  }
}

export const RecorderSpec = actor(Recorder, import.meta.url);
