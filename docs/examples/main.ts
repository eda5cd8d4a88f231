import { ActorDiedError, connect } from '@trainer/client';
import { CounterSpec } from './counter.js';

// TRAINER_ADDRESS and TRAINER_TOKEN, or the cluster that `npm start` runs on this machine.
await using cluster = await connect();

const counter = await cluster.actors.create(CounterSpec, { args: [5], cpu: 0.5, name: 'hits', maxRestarts: 3 });
const seven = await counter.call.increment(2); // a number, checked by the compiler, as are the arguments
console.log('incremented to', seven);

for await (const n of counter.stream.countTo(10)) console.log('counted', n);

const signal = AbortSignal.timeout(2_000);
console.log('in time:', await counter.with({ timeoutMs: 500, signal }).call.increment());

const same = await cluster.actors.get(CounterSpec, 'hits');
console.log('found by its name:', await same.call.increment());

const { name, state } = await counter.state();
if (state.at === 'alive') console.log(name, 'is alive on', state.node);

await counter.kill();
try {
  await counter.call.increment();
} catch (error) {
  if (!(error instanceof ActorDiedError)) throw error;
  console.log(error.message, `(${error.facts.outcome})`);
}
