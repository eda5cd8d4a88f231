import { deserialize, serialize } from 'node:v8';
import type { Fact, FactBody, LeaseId, RefusedFact } from '@trainer/model';
import type { FactDisk } from './fact-disk.js';

/*
 * Invariants:
 * F1. Facts are numbered from 1 without gaps, and sent in that order.
 * F2. A fact is kept until the head has dealt with it, over any number of streams.
 * F3. At most `inFlightBytes` are sent and not acknowledged; a fact that is larger goes alone.
 * F4. No fact is dropped. Above memory and disk no new lease starts (`isFull`); what runs waits for its own reports, of which it
 *     has a bounded number under way, and the end of each lease always has its place.
 * F5. A head that has lost what it acknowledged (its database was restored from a backup) goes on behind what it still has: what is
 *     kept is numbered anew from there.
 * F6. A fact whose acknowledgement was lost with its stream may have been refused: nobody hears that it was stored before the
 *     answer to the next hello says that its lease goes on.
 */

export interface OutboxLimits {
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly inFlightBytes: number;
}

export const OUTBOX_LIMITS: OutboxLimits = { memoryBytes: 4 * 2 ** 20, diskBytes: 64 * 2 ** 20, inFlightBytes: 2 ** 20 };

/** Of one message: the head reads it in one go, of 1 MiB in 30 ms of its thread's time, while all others wait. */
const MESSAGE_BYTES = 64 * 1024;

interface Kept {
  readonly number: number;
  readonly lease: LeaseId;
  readonly bytes: number;
  readonly place: { readonly in: 'memory'; readonly fact: Fact } | { readonly in: 'disk'; readonly at: number };
  readonly onDone: OnDone | null;
}

/** When a fact is sent; `soon`: nobody waits for it, and several that come within a moment go together. */
export type Urgency = 'now' | 'soon';

/** Told once the head has dealt with the fact; `refused`: it was not stored, and why. */
export type OnDone = (refused: string | null) => void;

/** The facts of one incarnation of an agent, from their making to their acknowledgement. */
export class Outbox {
  readonly #disk: FactDisk;
  readonly #limits: OutboxLimits;
  #kept: Kept[] = [];
  /** Dealt with, as a hello's answer says, but how is not known yet. */
  #unclear: Kept[] = [];
  #newest = 0;
  /** Number of the newest fact that the head has said it has dealt with. */
  #dealtWith = 0;
  #memoryBytes = 0;
  #diskBytes = 0;
  /** Number of the newest fact sent on the current stream; null: no stream wants facts. */
  #sent: number | null = null;
  #inFlightBytes = 0;

  constructor(disk: FactDisk, limits: OutboxLimits = OUTBOX_LIMITS) {
    this.#disk = disk;
    this.#limits = limits;
  }

  get newest(): number {
    return this.#newest;
  }

  get isFull(): boolean {
    return this.#memoryBytes >= this.#limits.memoryBytes && this.#diskBytes >= this.#limits.diskBytes;
  }

  /** Facts that the head has not dealt with. */
  get waiting(): number {
    return this.#kept.length;
  }

  append(lease: LeaseId, body: FactBody, onDone: OnDone | null = null): void {
    const fact: Fact = { number: this.#newest + 1, lease, body };
    this.#newest = fact.number;
    const packed = serialize(fact);
    const place = this.#store(fact, packed);
    this.#kept.push({ number: fact.number, lease, bytes: packed.length, place, onDone });
  }

  /**
   * A stream's hello was read: all after the fact `named` is sent again, on that stream.
   * @returns false when the head has lost facts: what is kept has new numbers (F5), of which a new hello must tell
   */
  resume(named: number): boolean {
    const storedFact = this.#made(named);
    if (storedFact < this.#dealtWith) {
      this.#renumber(storedFact);
      return false;
    }
    this.#unclear.push(...this.#drop(storedFact));
    this.#sent = storedFact;
    this.#inFlightBytes = 0;
    return true;
  }

  /** The hello is answered: of leases that end a fact may have been refused. */
  settle(ending: ReadonlySet<LeaseId>): void {
    for (const { lease, onDone } of this.#unclear.splice(0)) onDone?.(ending.has(lease) ? 'the head has ended its lease' : null);
  }

  /** A head that names facts which were never made is not believed: those that are made later would never be sent. */
  #made(named: number): number {
    return Math.min(named, this.#newest);
  }

  #renumber(storedFact: number): void {
    this.#kept = this.#kept.map((kept, i) => ({ ...kept, number: storedFact + 1 + i }));
    this.#newest = storedFact + this.#kept.length;
    this.#dealtWith = storedFact;
    this.#sent = null;
    this.#inFlightBytes = 0;
  }

  /** The stream is gone; nothing is sent until the next one resumes. */
  suspend(): void {
    this.#sent = null;
  }

  /** @returns the facts of the next message, in order; empty when none wait or enough are under way (F3) */
  take(): Fact[] {
    if (this.#sent === null) return [];
    const facts: Fact[] = [];
    let messageBytes = 0;
    const first = this.#kept[0]?.number ?? 0;
    for (let i = Math.max(0, this.#sent + 1 - first); i < this.#kept.length; i += 1) {
      const kept = this.#kept[i];
      if (kept === undefined || (this.#inFlightBytes > 0 && this.#inFlightBytes + kept.bytes > this.#limits.inFlightBytes)) break;
      if (messageBytes > 0 && messageBytes + kept.bytes > MESSAGE_BYTES) break;
      messageBytes += kept.bytes;
      facts.push(this.#load(kept));
      this.#inFlightBytes += kept.bytes;
      this.#sent = kept.number;
    }
    return facts;
  }

  /** @returns the leases whose facts were refused, with the reason */
  acknowledge(named: number, refused: readonly RefusedFact[]): { readonly lease: LeaseId; readonly why: string }[] {
    const storedFact = this.#made(named);
    const reasons = new Map(refused.map(({ number, why }) => [number, why]));
    const done = this.#drop(storedFact);
    for (const kept of done) kept.onDone?.(reasons.get(kept.number) ?? null);
    return done.flatMap(({ number, lease }) => {
      const why = reasons.get(number);
      return why === undefined ? [] : [{ lease, why }];
    });
  }

  /** @returns what the head has dealt with, which is kept no longer */
  #drop(storedFact: number): Kept[] {
    this.#dealtWith = Math.max(this.#dealtWith, storedFact);
    const done = this.#kept.filter(({ number }) => number <= storedFact);
    if (done.length === 0) return [];
    this.#kept = this.#kept.slice(done.length);
    for (const kept of done) {
      if (this.#sent !== null && kept.number <= this.#sent) this.#inFlightBytes -= kept.bytes;
      if (kept.place.in === 'memory') this.#memoryBytes -= kept.bytes;
    }
    this.#inFlightBytes = Math.max(0, this.#inFlightBytes);
    if (this.#diskBytes > 0 && !this.#kept.some(({ place }) => place.in === 'disk')) {
      this.#disk.clear();
      this.#diskBytes = 0;
    }
    return done;
  }

  #store(fact: Fact, packed: Buffer): Kept['place'] {
    const isRoomInMemory = this.#memoryBytes + packed.length <= this.#limits.memoryBytes;
    if (!isRoomInMemory && this.#diskBytes + packed.length <= this.#limits.diskBytes) {
      try {
        const at = this.#disk.append(packed);
        this.#diskBytes += packed.length;
        return { in: 'disk', at };
      } catch {
        // A full disk: memory has to bear it; `isFull` then stops new leases.
        this.#diskBytes = this.#limits.diskBytes;
      }
    }
    this.#memoryBytes += packed.length;
    return { in: 'memory', fact };
  }

  #load(kept: Kept): Fact {
    const fact = kept.place.in === 'memory' ? kept.place.fact : (deserialize(this.#disk.read(kept.place.at, kept.bytes)) as Fact);
    return fact.number === kept.number ? fact : { ...fact, number: kept.number };
  }
}
