import { toErrorData, type Clock, type LeaseId, type Millis, type Timer } from '@trainer/model';
import { Fifo, type Logger, type Messages } from '@trainer/runtime';
import type { ObjectStore } from '@trainer/storage';
import { encodeLogLineBytes, encodeLogText, logObjectKey, logSubject, type LogLine } from '@trainer/wire';

/** Of one object of a log; a few MiB of a chatty actor are a dozen objects, and following one reads little twice. */
const OBJECT_BYTES = 512 * 1024;
/** Lines that wait while the store is away; then the oldest go, and a line says how many. */
const MAX_WAITING_BYTES = 8 * 2 ** 20;

export interface LogPorts {
  readonly clock: Clock;
  readonly store: ObjectStore;
  readonly bucket: string;
  readonly flushMs: Millis;
  readonly logger: Logger;
  /** While it is disconnected lines are only stored. */
  readonly messages: Messages;
}

/**
 * The log of one lease: each line goes live over NATS, and all of them into numbered objects of bounded size. The newest object
 * is written again as it grows, until it is full.
 */
export class LogShipper {
  readonly #lease: LeaseId;
  readonly #ports: LogPorts;
  #part = 0;
  /** What the newest object holds already. */
  #stored: Buffer[] = [];
  #storedBytes = 0;
  /** What is written next, or could not be: all of it at most what an object holds, or one line. */
  #taken: Buffer[] = [];
  readonly #waiting = new Fifo<Buffer>();
  #waitingBytes = 0;
  #dropped = 0;
  #timer: Timer | null = null;
  #flushing: Promise<void> = Promise.resolve();

  constructor(lease: LeaseId, ports: LogPorts) {
    this.#lease = lease;
    this.#ports = ports;
  }

  add(line: string, isStderr: boolean): void {
    const entry: LogLine = { lease: this.#lease, at: this.#ports.clock.wallMs(), isStderr, line };
    this.#ports.messages.publish(logSubject(this.#lease), encodeLogLineBytes(entry));
    this.#wait(entry);
    this.#timer ??= this.#ports.clock.after(this.#ports.flushMs, () => void this.flush());
  }

  /** Stores what waits. A store that can't be reached is tried again with the next flush. */
  flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    this.#flushing = this.#flushing.then(() => this.#store());
    return this.#flushing;
  }

  #wait(entry: LogLine): void {
    const text = Buffer.from(encodeLogText(entry));
    this.#waiting.push(text);
    this.#waitingBytes += text.length;
    while (this.#waitingBytes > MAX_WAITING_BYTES) {
      this.#waitingBytes -= this.#waiting.shift()?.length ?? 0;
      this.#dropped += 1;
    }
  }

  async #store(): Promise<void> {
    try {
      while (this.#take()) await this.#storeTaken();
    } catch (error) {
      this.#ports.logger.warn('a log could not be stored; it is kept for the next try', { lease: this.#lease, error: toErrorData(error) });
      this.#timer ??= this.#ports.clock.after(this.#ports.flushMs, () => void this.flush());
    }
  }

  /** @returns whether there is something to store */
  #take(): boolean {
    if (this.#taken.length > 0) return true;
    let bytes = this.#storedBytes;
    if (this.#dropped > 0) {
      const line = `... ${this.#dropped} lines were dropped here, as the object store could not be reached`;
      const text = Buffer.from(encodeLogText({ lease: this.#lease, at: this.#ports.clock.wallMs(), isStderr: true, line }));
      this.#dropped = 0;
      this.#taken.push(text);
      bytes += text.length;
    }
    while (bytes < OBJECT_BYTES || this.#taken.length === 0) {
      const text = this.#waiting.shift();
      if (text === undefined) break;
      this.#waitingBytes -= text.length;
      this.#taken.push(text);
      bytes += text.length;
    }
    return this.#taken.length > 0;
  }

  async #storeTaken(): Promise<void> {
    const body = Buffer.concat([...this.#stored, ...this.#taken]);
    await this.#ports.store.put(this.#ports.bucket, logObjectKey(this.#lease, this.#part), body);
    this.#taken = [];
    if (body.length >= OBJECT_BYTES) {
      this.#part += 1;
      this.#stored = [];
      this.#storedBytes = 0;
    } else {
      this.#stored = [body];
      this.#storedBytes = body.length;
    }
  }
}
