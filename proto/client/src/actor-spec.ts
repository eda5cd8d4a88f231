declare const types: unique symbol;

/** A class of which actors can be made, typed by what an instance can do and what its constructor takes. */
export interface ActorSpec<Instance extends object, Args extends readonly unknown[]> {
  readonly className: string;
  /** URL of the module that exports the class, which travels to the cluster; `installed:` and the name of one that its nodes have. */
  readonly moduleUrl: string;
  readonly [types]?: { readonly instance: Instance; readonly args: Args };
}

/**
 * Names the class of an actor. The class must be exported under its own name by the module at `moduleUrl`; give
 * `import.meta.url`. That module, with all it imports, travels to the cluster and is loaded in the actor's process, so keep
 * the program that creates actors out of it.
 */
export function actor<Args extends readonly unknown[], Instance extends object>(
  Class: new (...args: Args) => Instance,
  moduleUrl: string,
): ActorSpec<Instance, Args> {
  return { className: Class.name, moduleUrl };
}

const INSTALLED = 'installed:';

/** A class of a module that the nodes of the cluster have, and list as one whose classes may run as actors. */
export function installedActor<Instance extends object, Args extends readonly unknown[]>(
  className: string,
  specifier: string,
): ActorSpec<Instance, Args> {
  return { className, moduleUrl: `${INSTALLED}${specifier}` };
}

/** @returns the name of the module that the nodes have; null: the class's module travels there */
export function installedModule({ moduleUrl }: ActorSpec<object, readonly unknown[]>): string | null {
  return moduleUrl.startsWith(INSTALLED) ? moduleUrl.slice(INSTALLED.length) : null;
}

type Method = (...args: never[]) => unknown;

/** What a method yields, when it returns a generator or another async iterable; else never. Arrays and strings are values. */
type Yielded<Result> =
  Awaited<Result> extends AsyncIterable<infer Value>
    ? Value
    : Awaited<Result> extends Iterator<infer Value> & Iterable<infer Value>
      ? Value
      : never;

/** Results of an unknown type (`any`, `never`) are values. */
type IsStream<Result> = 0 extends 1 & Result
  ? false
  : [Awaited<Result>] extends [never]
    ? false
    : [Awaited<Result>] extends [AsyncIterable<unknown> | (Iterator<unknown> & Iterable<unknown>)]
      ? true
      : false;

/**
 * Names that cannot be called from outside: private by convention, those that belong to the actor's runtime, and those by which the
 * language and its tools ask any object for something.
 */
type Reserved =
  | `_${string}`
  | ('checkpoint' | 'restore')
  | ('then' | 'toJSON' | 'asymmetricMatch' | 'hasAttribute' | 'constructor' | 'toString' | 'toLocaleString' | 'valueOf')
  | ('hasOwnProperty' | 'isPrototypeOf' | 'propertyIsEnumerable');

/** The names of an instance's methods that answer with a stream, or with a value. */
type MethodNames<Instance, Kind extends 'value' | 'stream'> = {
  [Name in keyof Instance]: Name extends Reserved
    ? never
    : Instance[Name] extends Method
      ? (IsStream<ReturnType<Instance[Name]>> extends true ? 'stream' : 'value') extends Kind
        ? Name
        : never
      : never;
}[keyof Instance];

/** The methods that answer with one value, as seen from outside: the same arguments, a promise of the result. */
export type CallsOf<Instance> = {
  readonly [Name in MethodNames<Instance, 'value'>]: Instance[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never;
};

/** The methods that answer with a stream of values (generators). The method begins when the first value is asked for. */
export type StreamsOf<Instance> = {
  readonly [Name in MethodNames<Instance, 'stream'>]: Instance[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => AsyncIterableIterator<Yielded<Result>>
    : never;
};
