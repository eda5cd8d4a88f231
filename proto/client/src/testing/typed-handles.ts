/** Compiled by a test: every line after @ts-expect-error must be an error, every other line none. */
import { actor, type ActorHandle, type Cluster } from '../index.js';

class Counter {
  #n: number;
  readonly label = 'counter';
  constructor(start = 0) {
    this.#n = start;
  }
  increment(by = 1): number {
    return (this.#n += by);
  }
  async reset(): Promise<void> {
    this.#n = 0;
  }
  async *countTo(limit: number): AsyncGenerator<number> {
    while (this.#n < limit) yield this.increment();
  }
  *letters(word: string): Generator<string> {
    yield* word;
  }
  tags(): string[] {
    return [];
  }
  first<Item>(items: readonly Item[]): Item | undefined {
    return items[0];
  }
  checkpoint(): number {
    return this.#n;
  }
  _secret(): void {}
}

class Teller {
  constructor(readonly counter: ActorHandle<Counter>) {}
  ask(other: ActorHandle<Counter>): Promise<number> {
    return other.call.increment();
  }
  which(): ActorHandle<Counter> {
    return this.counter;
  }
}

class Named {
  constructor(
    readonly name: string,
    readonly size: number,
  ) {}
  hello(): string {
    return this.name;
  }
}

const CounterSpec = actor(Counter, 'file:///counter.ts');
const TellerSpec = actor(Teller, 'file:///teller.ts');
const NamedSpec = actor(Named, 'file:///named.ts');
// @ts-expect-error not a class
actor({}, 'file:///x.ts');

export async function typed(cluster: Cluster, signal: AbortSignal): Promise<void> {
  const counter: ActorHandle<Counter> = await cluster.actors.create(CounterSpec);
  await cluster.actors.create(CounterSpec, {
    args: [5],
    cpu: 0.5,
    gpu: 0,
    memory: '512MiB',
    concurrency: 2,
    env: {},
    priority: 9,
    timeoutMs: 1000,
    name: 'hits',
    namespace: 'test',
    getIfExists: true,
    detached: true,
    maxRestarts: 3,
    checkpointEvery: 'call',
    maxCallRetries: 1,
  });
  const same: ActorHandle<Counter> = await cluster.actors.get(CounterSpec, 'hits', { namespace: 'test' });
  // @ts-expect-error a name is a text
  await cluster.actors.get(CounterSpec, 5);
  // @ts-expect-error milliseconds, or 'call'
  await cluster.actors.create(CounterSpec, { checkpointEvery: 'always' });
  // @ts-expect-error the constructor takes a number
  await cluster.actors.create(CounterSpec, { args: ['5'] });
  // @ts-expect-error the constructor takes one argument
  await cluster.actors.create(CounterSpec, { args: [5, 6] });
  // @ts-expect-error no such option yet
  await cluster.actors.create(CounterSpec, { resources: {} });
  // @ts-expect-error this constructor needs its arguments
  await cluster.actors.create(NamedSpec);
  // @ts-expect-error this constructor needs its arguments
  await cluster.actors.create(NamedSpec, { cpu: 1 });
  const teller = await cluster.actors.create(TellerSpec, { args: [same] });
  const asked: number = await teller.call.ask(counter);
  const passed: ActorHandle<Counter> = await teller.call.which();
  // @ts-expect-error a handle of another class
  await teller.call.ask(teller);
  const named = await cluster.actors.create(NamedSpec, { args: ['a', 1] });
  const greeting: string = await named.call.hello();

  const seven: number = await counter.call.increment(2);
  const none: undefined = (await counter.call.reset()) as undefined;
  const tags: string[] = await counter.call.tags();
  // @ts-expect-error a number is expected
  await counter.call.increment('2');
  // @ts-expect-error it is a number
  const wrong: string = await counter.call.increment();
  // @ts-expect-error no such method
  await counter.call.decrement();
  // @ts-expect-error a field, no method
  await counter.call.label();
  // @ts-expect-error a generator is streamed
  await counter.call.countTo(10);
  // @ts-expect-error a generator is streamed
  await counter.call.letters('x');
  // @ts-expect-error it belongs to the runtime
  await counter.call.checkpoint();
  // @ts-expect-error private by its name
  await counter.call._secret();
  // @ts-expect-error a value is called
  counter.stream.increment(1);
  for await (const n of counter.stream.countTo(10)) n.toFixed();
  for await (const letter of counter.stream.letters('abc')) letter.toUpperCase();
  // @ts-expect-error the arguments are checked too
  counter.stream.countTo('10');

  const bound: number = await counter.with({ timeoutMs: 500, signal }).call.increment();
  // @ts-expect-error no such option yet
  counter.with({ maxCallRetries: 2 });
  const { state, name, restarts, deaths } = await counter.state();
  void [name?.slice(), restarts.toFixed(), deaths.at(-1)?.cause.kind];
  if (state.at === 'alive') state.node.slice();
  await counter.kill();
  void [asked, passed, greeting, seven, none, tags, wrong, bound];
}
