import { spawn } from 'node:child_process';
import { actor } from '@trainer/client';

/** An actor that does on request what actors of others may do: it counts, streams, throws, blocks, writes and dies. */
export class Probe {
  #sum: number;
  readonly #seen: number[] = [];

  constructor(start = 0) {
    if (start < 0) throw Object.assign(new RangeError(`${start} is below zero`), { start });
    this.#sum = start;
  }

  pid(): number {
    return process.pid;
  }

  add(by: number): number {
    return (this.#sum += by);
  }

  async *countTo(limit: number): AsyncGenerator<number> {
    while (this.#sum < limit) yield this.add(1);
  }

  /** Later calls that are quicker must still come later. */
  async see(n: number): Promise<number> {
    if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    this.#seen.push(n);
    return n;
  }

  seen(): readonly number[] {
    return this.#seen;
  }

  fail(message: string): never {
    throw Object.assign(new TypeError(message), { status: 418, tags: ['tea'] });
  }

  notTransferable(): unknown {
    return { parts: [1, { open: () => undefined }] };
  }

  async waitFor(ms: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, ms));
  }

  /** Nothing else of the process runs meanwhile. */
  block(ms: number): void {
    const end = performance.now() + ms;
    while (performance.now() < end);
  }

  say(line: string): void {
    console.log(line);
    console.error(`${line}, as an error`);
  }

  exit(code: number): void {
    process.exit(code);
  }

  /** @returns the pid of a child that never ends by itself. */
  startChild(): number {
    return spawn('sleep', ['1000'], { stdio: 'ignore' }).pid ?? -1;
  }
}

export const ProbeSpec = actor(Probe, import.meta.url);
