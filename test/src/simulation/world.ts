import type { Clock, Millis, Timer } from '@trainer/model';
import type { Seeded } from './seeded.js';

/** An invariant of the whole cluster does not hold; `number` is that of `witness.ts` or `marks.ts`. */
export class Violation extends Error {
  constructor(
    readonly number: number,
    message: string,
  ) {
    super(`invariant ${number}: ${message}`);
  }
}

interface Due {
  readonly atMs: Millis;
  readonly order: number;
  readonly call: () => void;
  isCancelled: boolean;
}

/** 14 November 2023: any day will do for wall clocks. */
const WALL_START_MS = 1_700_000_000_000;
/** The newest lines of a run, shown when it fails. */
const TRACE_LINES = 400;
const REPEATED_MS = 10_000;
/** A run of 60 operations makes some ten thousand. */
const MOST_CALLS = 500_000;

/**
 * Virtual time, and all that happens in it: a queue of calls. Everything runs in one thread and in one order, which the seed
 * fixes: after each call all promises and immediates settle before the next one.
 */
export class World {
  readonly trace: string[] = [];
  readonly #told = new Map<string, Millis>();
  #nowMs = 0;
  #order = 0;
  #queue: Due[] = [];
  #violation: Violation | null = null;
  /** Looked at after each call that changed something. */
  onChanged: () => void = () => undefined;
  isChanged = false;
  /** Calls made so far. */
  calls = 0;

  constructor(
    readonly random: Seeded,
    readonly doesTrace: boolean,
  ) {}

  get nowMs(): Millis {
    return this.#nowMs;
  }

  get wallMs(): Millis {
    return WALL_START_MS + this.#nowMs;
  }

  after(ms: Millis, call: () => void): Timer {
    const due: Due = { atMs: this.#nowMs + Math.max(0, ms), order: (this.#order += 1), call, isCancelled: false };
    push(this.#queue, due);
    return {
      cancel: () => {
        due.isCancelled = true;
      },
    };
  }

  note(who: string, what: string): void {
    if (!this.doesTrace) return;
    // What is tried again and again is told once in a while.
    const line = `${who}: ${what}`;
    const last = this.#told.get(line);
    if (last !== undefined && this.#nowMs - last < REPEATED_MS) return;
    this.#told.set(line, this.#nowMs);
    if (this.trace.length >= TRACE_LINES) this.trace.shift();
    this.trace.push(`${(this.#nowMs / 1000).toFixed(3)} ${line}`);
  }

  /** The first one counts; thrown by `advance`. */
  violated(number: number, message: string): void {
    this.note('!!', `invariant ${number}: ${message}`);
    this.#violation ??= new Violation(number, message);
  }

  /** @throws Violation */
  async advance(ms: Millis): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await this.settle();
    for (;;) {
      const due = this.#queue[0];
      if (due === undefined || due.atMs > untilMs) break;
      pop(this.#queue);
      if (due.isCancelled) continue;
      this.#nowMs = due.atMs;
      this.calls += 1;
      if (this.calls > MOST_CALLS) this.violated(14, `${MOST_CALLS} calls, and no end: something is tried without a pause`);
      due.call();
      await this.settle();
    }
    this.#nowMs = untilMs;
  }

  /** Lets all promises and immediates settle that can without time. @throws Violation */
  async settle(): Promise<void> {
    // The first round runs what waits, the second what the first one's immediates asked for.
    await round();
    await round();
    if (this.isChanged) {
      this.isChanged = false;
      this.onChanged();
    }
    if (this.#violation !== null) throw this.#violation;
  }
}

function round(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function isBefore(a: Due, b: Due): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** A binary heap: the earliest first, of equal ones the one asked for first. */
function push(heap: Due[], due: Due): void {
  let at = heap.push(due) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || !isBefore(due, above)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = due;
}

function pop(heap: Due[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    const [a, b] = [heap[left], heap[left + 1]];
    if (a === undefined) break;
    const isRight = b !== undefined && isBefore(b, a);
    const child = isRight ? b : a;
    if (!isBefore(child, last)) break;
    heap[at] = child;
    at = isRight ? left + 1 : left;
  }
  heap[at] = last;
}

/** A computer: its wall clock may be wrong, and jump. */
export class Machine {
  wallOffsetMs: Millis = 0;

  constructor(readonly name: string) {}
}

/** What waits in a process that stands still. */
interface Held {
  readonly kind: 'timer' | 'io';
  readonly call: () => void;
}

/**
 * A process: it runs what its timers and its connections call, unless it is frozen (then later) or dead (never). Its monotonic
 * clock goes on while it is frozen, as the system's does.
 */
export class SimProcess {
  isAlive = true;
  isFrozen = false;
  #held: Held[] = [];
  readonly #onKilled: (() => void)[] = [];
  readonly clock: Clock;

  constructor(
    readonly world: World,
    readonly name: string,
    readonly machine: Machine,
  ) {
    this.clock = {
      wallMs: () => world.wallMs + machine.wallOffsetMs,
      monotonicMs: () => world.nowMs,
      after: (ms, call) => {
        let isCancelled = false;
        const timer = world.after(ms, () =>
          this.#run({
            kind: 'timer',
            call: () => {
              if (!isCancelled) call();
            },
          }),
        );
        return {
          cancel: () => {
            isCancelled = true;
            timer.cancel();
          },
        };
      },
    };
  }

  /** Something arrives from outside. */
  io(call: () => void): void {
    this.#run({ kind: 'io', call });
  }

  #run(held: Held): void {
    if (!this.isAlive) return;
    if (this.isFrozen) this.#held.push(held);
    else held.call();
  }

  freeze(): void {
    if (!this.isAlive || this.isFrozen) return;
    this.world.note(this.name, 'stands still');
    this.isFrozen = true;
  }

  /** What waited runs first: timers before what arrived, or after it, as the event loop happened to stand. */
  thaw(): void {
    if (!this.isFrozen) return;
    this.world.note(this.name, 'goes on');
    this.isFrozen = false;
    const held = this.#held.splice(0);
    const first = this.world.random.chance(0.5) ? 'timer' : 'io';
    const ordered = [...held.filter(({ kind }) => kind === first), ...held.filter(({ kind }) => kind !== first)];
    for (const one of ordered) this.world.after(0, () => this.#run(one));
  }

  /** SIGKILL. */
  kill(): void {
    if (!this.isAlive) return;
    this.world.note(this.name, 'is killed');
    this.isAlive = false;
    this.#held = [];
    this.world.isChanged = true;
    for (const listener of this.#onKilled.splice(0)) listener();
  }

  onKilled(listener: () => void): void {
    if (this.isAlive) this.#onKilled.push(listener);
    else listener();
  }
}
