import { available } from '@trainer/model';
import type { Capacity, Grant, Lease, NodeId } from '@trainer/model';
import { holdsResources } from '../leases/step-lease.js';
import type { BookIndex } from './book.js';

/** The keys of a book's entities by something that never changes in them, such as the leases of a node. */
export class GroupIndex<Group, Key, Value> implements BookIndex<Value> {
  readonly #groups = new Map<Group, Set<Key>>();

  /** @param groupOf null: of no group */
  constructor(
    private readonly groupOf: (value: Value) => Group | null,
    private readonly keyOf: (value: Value) => Key,
  ) {}

  /** In the order in which they came; a copy, as what is done with them may change the book. */
  of(group: Group): readonly Key[] {
    return [...(this.#groups.get(group) ?? [])];
  }

  get size(): number {
    return this.#groups.size;
  }

  changed(before: Value | undefined, after: Value | undefined): void {
    const value = after ?? before;
    if (value === undefined || (before !== undefined && after !== undefined)) return;
    const group = this.groupOf(value);
    if (group === null) return;
    const keys = this.#groups.get(group) ?? new Set();
    if (after !== undefined) keys.add(this.keyOf(value));
    else keys.delete(this.keyOf(value));
    if (keys.size === 0) this.#groups.delete(group);
    else this.#groups.set(group, keys);
  }

  clear(): void {
    this.#groups.clear();
  }
}

/** How many of a book's entities are so. */
export class CountIndex<Value> implements BookIndex<Value> {
  #count = 0;

  constructor(private readonly is: (value: Value) => boolean) {}

  get count(): number {
    return this.#count;
  }

  changed(before: Value | undefined, after: Value | undefined): void {
    if (before !== undefined && this.is(before)) this.#count -= 1;
    if (after !== undefined && this.is(after)) this.#count += 1;
  }

  clear(): void {
    this.#count = 0;
  }
}

interface Held {
  leases: number;
  cpuMilli: number;
  memoryBytes: number;
  readonly gpus: Map<number, number>;
}

/** What the leases of each node hold, together. */
export class HeldIndex implements BookIndex<Lease> {
  readonly #held = new Map<NodeId, Held>();

  /** What is left of the node; of a lost one's leases nothing could be given out, as it takes no work. */
  availableOn(node: NodeId, capacity: Capacity): Grant {
    const held = this.#held.get(node);
    if (held === undefined) return available(capacity, []);
    const { cpuMilli, memoryBytes, gpus } = held;
    return available(capacity, [{ cpuMilli, memoryBytes, gpus: [...gpus].map(([index, milli]) => ({ index, milli })) }]);
  }

  get size(): number {
    return this.#held.size;
  }

  changed(before: Lease | undefined, after: Lease | undefined): void {
    const held = before !== undefined && holdsResources(before);
    const holds = after !== undefined && holdsResources(after);
    if (held === holds) return;
    if (holds) this.#add(after, 1);
    else if (before !== undefined) this.#add(before, -1);
  }

  #add({ node, grant }: Lease, sign: 1 | -1): void {
    const held = this.#held.get(node) ?? { leases: 0, cpuMilli: 0, memoryBytes: 0, gpus: new Map<number, number>() };
    held.leases += sign;
    held.cpuMilli += sign * grant.cpuMilli;
    held.memoryBytes += sign * grant.memoryBytes;
    for (const { index, milli } of grant.gpus) held.gpus.set(index, (held.gpus.get(index) ?? 0) + sign * milli);
    if (held.leases === 0) this.#held.delete(node);
    else this.#held.set(node, held);
  }

  clear(): void {
    this.#held.clear();
  }
}
