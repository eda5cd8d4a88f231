import type { Millis } from '@trainer/model';
import type { Demand, Want } from './demand.js';
import { byTurn } from './plan.js';

/** Demands that ask for the same, for as long as the nodes stay as they are. */
interface Alike {
  readonly key: string;
  readonly wantNow: () => Want;
  members: number;
  want: Want;
}

/** One that waits; the plan sees it as a demand. */
export class Waiting implements Demand {
  /** What it was told that it waits for, and in which state of the nodes (`Reasons`). */
  readonly told = new Map<string, number>();
  lastTold: string | null = null;

  constructor(
    readonly id: string,
    readonly priority: number,
    readonly since: Millis,
    readonly alike: Alike,
  ) {}

  get want(): Want {
    return this.alike.want;
  }
}

export interface NewWaiting extends Pick<Demand, 'id' | 'priority' | 'since'> {
  /** All that have the same want the same. */
  readonly likeness: string;
  /** What it asks for on the nodes of this moment; asked again when they have changed. */
  readonly wantNow: () => Want;
}

/**
 * Who waits for a place, in the order in which plans look at them.
 *
 *   Q1. To come and to go costs no look at the others.
 *   Q2. What demands ask for is found once for all that are alike; and equal wants are one object, so that a plan tries each once.
 */
export class WaitingLine {
  readonly #byId = new Map<string, Waiting>();
  readonly #lines: Readonly<Record<Want['kind'], Waiting[]>> = { actor: [], job: [] };
  readonly #alikes = new Map<string, Alike>();
  readonly #wants = new Map<string, { readonly want: Want; alikes: number }>();

  get size(): number {
    return this.#byId.size;
  }

  /** How many things it remembers besides who waits; 0 once nobody does. */
  get remembered(): number {
    return this.#alikes.size + this.#wants.size;
  }

  get(id: string): Waiting | undefined {
    return this.#byId.get(id);
  }

  /** Actors and then jobs, each in the order of their turn. */
  all(): Waiting[] {
    return [...this.#lines.actor, ...this.#lines.job];
  }

  /** Idempotent by id. */
  add({ id, priority, since, likeness, wantNow }: NewWaiting): void {
    if (this.#byId.has(id)) return;
    const alike = this.#alikes.get(likeness) ?? { key: likeness, wantNow, members: 0, want: this.#shared(wantNow()) };
    this.#alikes.set(likeness, alike);
    alike.members += 1;
    const waiting = new Waiting(id, priority, since, alike);
    this.#byId.set(id, waiting);
    const line = this.#lines[alike.want.kind];
    line.splice(placeOf(line, waiting), 0, waiting);
  }

  /** @returns whether it waited */
  remove(id: string): boolean {
    const waiting = this.#byId.get(id);
    if (waiting === undefined) return false;
    this.#byId.delete(id);
    const { alike } = waiting;
    const line = this.#lines[alike.want.kind];
    line.splice(placeOf(line, waiting), 1);
    alike.members -= 1;
    if (alike.members === 0) {
      this.#alikes.delete(alike.key);
      this.#leave(alike.want);
    }
    return true;
  }

  /** How many of its kind are looked at before it. */
  ahead(waiting: Waiting): number {
    return placeOf(this.#lines[waiting.want.kind], waiting);
  }

  /** The nodes have changed. */
  refresh(): void {
    this.#wants.clear();
    for (const alike of this.#alikes.values()) alike.want = this.#shared(alike.wantNow());
  }

  /** None of that kind waits any more. */
  clear(kind: Want['kind']): void {
    for (const { id } of [...this.#lines[kind]].reverse()) this.remove(id);
  }

  #shared(want: Want): Want {
    const key = keyOf(want);
    const known = this.#wants.get(key) ?? { want, alikes: 0 };
    known.alikes += 1;
    this.#wants.set(key, known);
    return known.want;
  }

  #leave(want: Want): void {
    const key = keyOf(want);
    const known = this.#wants.get(key);
    if (known !== undefined && (known.alikes -= 1) === 0) this.#wants.delete(key);
  }
}

function keyOf({ kind, needsEngine, bundles }: Want): string {
  return JSON.stringify([kind, needsEngine, bundles]);
}

/** How many come before it. */
function placeOf(line: readonly Waiting[], waiting: Waiting): number {
  let [from, to] = [0, line.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const there = line[middle];
    if (there !== undefined && byTurn(there, waiting) < 0) from = middle + 1;
    else to = middle;
  }
  return from;
}
