import type { Clock, Timer } from '@trainer/model';
import { deferred } from '@trainer/runtime';
import type { Gang, Numbers, Reduction } from './collective.js';
import { CollectiveMismatchError, PeerLostError } from './errors.js';
import type { Tag } from './frames.js';
import { LinkLostError, type LinkLoss, type PeerLink } from './peer-link.js';
import { arrayOver, bytesOf, KIND_NAMES, kindOf, partStart } from './reduce.js';
import type { GangSettings } from './settings.js';
import { folding, storing, type Sink } from './sink.js';

const OPERATIONS = ['allReduce', 'broadcast', 'gather', 'barrier', 'allGather'] as const;
type Operation = (typeof OPERATIONS)[number];
const REDUCTIONS: readonly Reduction[] = ['sum', 'min', 'max'];

/** The two links of a rank; with two ranks both lead to the same one. */
export interface Links {
  /** To the next rank; arrays go out here. */
  readonly next: PeerLink;
  /** To the one before; arrays come in here. */
  readonly previous: PeerLink;
}

/**
 * Ranks in a ring. An all-reduce cuts the array into as many parts as there are ranks (Patarasu and Yuan, "Bandwidth optimal
 * all-reduce algorithms", 2009): part p is folded from rank p onwards, once round, and goes round again as the sum; so each rank
 * sends and receives less than twice the array, and all have the same bits. What comes in is folded in piece by piece.
 */
export class RingGang implements Gang {
  readonly #lost = deferred<Error>();
  readonly #beat: Timer;
  readonly #links: Links;
  /** The operation before, as they come one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  #number = 0;
  #loss: PeerLostError | null = null;
  #left: Promise<void> | null = null;

  /** @param connect makes the links; it is given whom to tell of a loss */
  constructor(
    readonly rank: number,
    readonly worldSize: number,
    connect: (onLoss: (loss: LinkLoss) => void) => Links,
    private readonly settings: GangSettings,
    clock: Clock,
  ) {
    this.#links = connect((loss) => this.#lose(loss));
    this.#beat = this.#beatEvery(clock);
  }

  get whenLost(): Promise<Error> {
    return this.#lost.promise;
  }

  allReduce<A extends Numbers>(values: A, reduction: Reduction): Promise<A> {
    return this.#inTurn(async (number) => {
      const tag = { ...this.#tag('allReduce', values, number), reduction: REDUCTIONS.indexOf(reduction), elements: values.length };
      const part = (index: number): A => {
        const at = mod(index, this.worldSize);
        return values.subarray(partStart(values.length, at, this.worldSize), partStart(values.length, at + 1, this.worldSize)) as A;
      };
      const last = this.worldSize - 1;
      for (let step = 0; step < last; step += 1) {
        const sink = folding(part(this.rank - step - 1), reduction);
        await this.#exchange({ ...tag, part: step }, bytesOf(part(this.rank - step)), sink);
      }
      for (let step = 0; step < last; step += 1) {
        const sink = storing(bytesOf(part(this.rank - step)));
        await this.#exchange({ ...tag, part: last + step }, bytesOf(part(this.rank + 1 - step)), sink);
      }
      return values;
    });
  }

  broadcast<A extends Numbers>(values: A, root: number): Promise<A> {
    return this.#inTurn(async (number) => {
      const tag = { ...this.#tag('broadcast', values, number), part: root };
      const result = this.rank === root ? (values.slice() as A) : arrayOver(values, await this.#receiveWhole(tag));
      if (mod(this.rank + 1, this.worldSize) !== root) await this.#send(tag, bytesOf(result));
      return result;
    });
  }

  gather<A extends Numbers>(values: A, root: number): Promise<readonly A[]> {
    return this.#inTurn(async (number) => {
      const tag = this.#tag('gather', values, number);
      // Ranks that come before this one on the way to the root; this one hands theirs on.
      const before = mod(this.rank - root - 1, this.worldSize);
      if (this.rank !== root) {
        await this.#send({ ...tag, part: this.rank }, bytesOf(values));
        for (let step = 1; step <= before; step += 1) {
          const of = { ...tag, part: mod(this.rank - step, this.worldSize) };
          await this.#send(of, await this.#receiveWhole(of));
        }
        return [];
      }
      const all: A[] = [];
      all[root] = values.slice() as A;
      for (let step = 1; step < this.worldSize; step += 1) {
        const from = mod(root - step, this.worldSize);
        all[from] = arrayOver(values, await this.#receiveWhole({ ...tag, part: from }));
      }
      return all;
    });
  }

  allGather<A extends Numbers>(values: A): Promise<readonly A[]> {
    return this.#inTurn(async (number) => {
      const tag = this.#tag('allGather', values, number);
      const all: A[] = [];
      all[this.rank] = values.slice() as A;
      let handedOn = bytesOf(values);
      for (let step = 1; step < this.worldSize; step += 1) {
        const from = mod(this.rank - step, this.worldSize);
        const sending = this.#send({ ...tag, part: mod(from + 1, this.worldSize) }, handedOn);
        handedOn = await both(sending, this.#receiveWhole({ ...tag, part: from }));
        all[from] = arrayOver(values, handedOn);
      }
      return all;
    });
  }

  barrier(): Promise<void> {
    return this.#inTurn(async (number) => {
      const nothing = new Uint8Array(0);
      const tag = this.#tag('barrier', nothing, number);
      // Twice round: the first time all have called, the second time all know.
      for (let step = 0; step < 2 * (this.worldSize - 1); step += 1)
        await this.#exchange({ ...tag, part: step }, nothing, storing(nothing));
    });
  }

  leave(): Promise<void> {
    this.#left ??= this.#leave();
    return this.#left;
  }

  async #leave(): Promise<void> {
    this.#beat.cancel();
    if (this.#loss === null) await Promise.all([this.#links.next.leave(), this.#links.previous.leave()]);
    this.#links.next.destroy();
    this.#links.previous.destroy();
  }

  /** One operation at a time, as messages of two on one link could not be told apart. */
  #inTurn<T>(operate: (number: number) => Promise<T>): Promise<T> {
    const run = async (): Promise<T> => {
      if (this.#loss !== null) throw this.#loss;
      this.#number += 1;
      return operate(this.#number);
    };
    const result = this.#turn.then(run, run);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** Sends and receives at once; the neighbours do the same. */
  #exchange(tag: Tag, out: Uint8Array, into: Sink): Promise<void> {
    return both(
      this.#send(tag, out),
      this.#receive(tag, into).then(() => undefined),
    );
  }

  async #send(tag: Tag, bytes: Uint8Array): Promise<void> {
    await this.#links.next.send(tag, bytes).catch((error: unknown) => this.#throwLost(error));
  }

  async #receiveWhole(tag: Tag): Promise<Uint8Array> {
    return (await this.#receive(tag, null)) ?? new Uint8Array(0);
  }

  /** @returns null where the bytes went into the sink */
  async #receive(tag: Tag, sink: Sink | null): Promise<Uint8Array | null> {
    const message = await this.#links.previous.receive(sink).catch((error: unknown) => this.#throwLost(error));
    const [own, theirs] = [describe(tag), describe(message.tag)];
    if (own === theirs) return message.bytes;
    // Nothing that comes now can be told apart any more; the others are not to wait for us.
    for (const link of [this.#links.next, this.#links.previous]) link.abort({ peer: this.rank, how: 'closed', cause: null });
    throw new CollectiveMismatchError(this.rank, this.#links.previous.peer, own, theirs);
  }

  #tag(operation: Operation, values: Numbers, number: number): Tag {
    return { operation: OPERATIONS.indexOf(operation), arrayKind: kindOf(values), reduction: 0, number, part: 0, elements: 0 };
  }

  /** Ends what waits on the other link too. */
  #throwLost(error: unknown): never {
    throw error instanceof LinkLostError ? this.#lostBy(error.loss) : error;
  }

  #lose(loss: LinkLoss): void {
    // A rank that left in good order is missed only by who still waits for it.
    if (loss.how === 'left') return;
    this.#lostBy(loss);
  }

  #lostBy(loss: LinkLoss): PeerLostError {
    if (this.#loss !== null) return this.#loss;
    this.#loss = new PeerLostError(this.rank, loss.peer, loss.how, { cause: loss.cause });
    this.#beat.cancel();
    for (const link of [this.#links.next, this.#links.previous]) link.abort(loss);
    this.#lost.resolve(this.#loss);
    return this.#loss;
  }

  /** Timers that accuse others start afresh after a stall of this loop. */
  #beatEvery(clock: Clock): Timer {
    const { beatMs } = this.settings;
    let lastMs = clock.monotonicMs();
    let timer: Timer;
    const beat = (): void => {
      timer = clock.after(beatMs, beat);
      const now = clock.monotonicMs();
      const hasStalled = now - lastMs > 3 * beatMs;
      lastMs = now;
      for (const link of [this.#links.next, this.#links.previous]) link.beat(hasStalled);
    };
    timer = clock.after(beatMs, beat);
    return { cancel: () => timer.cancel() };
  }
}

/** Awaits both to their end, so that neither rejects unheard. @returns what was received. @throws what receiving failed with, else sending */
async function both<T>(sending: Promise<void>, receiving: Promise<T>): Promise<T> {
  const [sent, received] = await Promise.allSettled([sending, receiving]);
  if (received.status === 'rejected') throw received.reason;
  if (sent.status === 'rejected') throw sent.reason;
  return received.value;
}

function mod(value: number, by: number): number {
  return ((value % by) + by) % by;
}

function describe({ operation, arrayKind, reduction, number, part, elements }: Tag): string {
  const name = OPERATIONS[operation] ?? `operation ${operation}`;
  const how = name === 'allReduce' ? ` (${REDUCTIONS[reduction] ?? reduction}, ${elements} elements)` : '';
  return `operation ${number}, ${name}${how} of ${KIND_NAMES[arrayKind] ?? arrayKind}, part ${part}`;
}
