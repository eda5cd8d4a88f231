export type Method = (...args: unknown[]) => unknown;

/** Of the runtime's own: `constructor`, and the pair that saves and restores state. */
const RESERVED: ReadonlySet<string> = new Set(['constructor', 'checkpoint', 'restore']);

/**
 * The methods of an instance that callers may call: functions of its class and of the classes it extends, and functions it holds
 * itself. Not: names that begin with `_` or `#`, accessors, what every object has, and the runtime's own.
 */
export class MethodTable {
  readonly #instance: object;
  readonly #found = new Map<string, Method>();

  constructor(instance: object) {
    this.#instance = instance;
  }

  /** @returns the method, bound to nothing, or null. No accessor of the instance runs. Never throws. */
  find(name: string): Method | null {
    const known = this.#found.get(name);
    if (known !== undefined) return known;
    if (name === '' || name.startsWith('_') || name.startsWith('#') || RESERVED.has(name)) return null;
    try {
      return this.#look(name);
    } catch {
      // The constructor returned a proxy that can't be read.
      return null;
    }
  }

  #look(name: string): Method | null {
    for (let at: object | null = this.#instance; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at) as object | null) {
      const found = Object.getOwnPropertyDescriptor(at, name);
      if (found === undefined) continue;
      if (typeof found.value !== 'function') return null;
      const method = found.value as Method;
      this.#found.set(name, method);
      return method;
    }
    return null;
  }
}
