import type { Actor, ActorId } from '@trainer/model';
import type { BookIndex } from '../loop/book.js';

/** Who has which name: an actor that has not ended, or whose end is not stored yet. */
export class NameIndex implements BookIndex<Actor> {
  readonly #byNamespace = new Map<string, Map<string, ActorId>>();

  get(namespace: string, name: string): ActorId | undefined {
    return this.#byNamespace.get(namespace)?.get(name);
  }

  /** The names of a namespace, in the order in which they were given. */
  in(namespace: string): Iterable<string> {
    return this.#byNamespace.get(namespace)?.keys() ?? [];
  }

  /** How many namespaces have names. */
  get size(): number {
    return this.#byNamespace.size;
  }

  changed(before: Actor | undefined, after: Actor | undefined): void {
    const actor = after ?? before;
    if (actor === undefined || (before !== undefined && after !== undefined)) return;
    const { id, name, namespace } = actor.spec;
    if (name === null) return;
    const names = this.#byNamespace.get(namespace) ?? new Map<string, ActorId>();
    if (after !== undefined) names.set(name, id);
    else if (names.get(name) === id) names.delete(name);
    if (names.size === 0) this.#byNamespace.delete(namespace);
    else this.#byNamespace.set(namespace, names);
  }

  clear(): void {
    this.#byNamespace.clear();
  }
}
