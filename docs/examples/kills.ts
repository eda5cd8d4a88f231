/** What becomes of actors that are killed, and of the calls to them. It kills processes of its own actors, so the cluster must be on this machine. */
import { ActorDiedError, ActorNotFoundError, connect, NameTakenError, type ActorHandle } from '@trainer/client';
import { ClerkSpec, LedgerSpec, type Ledger } from './ledger.js';

const say = (...words: unknown[]): void => console.log(' ', ...words);
const outcomeOf = (error: unknown): string => {
  if (!(error instanceof ActorDiedError)) throw error;
  return `${error.facts.cause?.kind ?? 'gone'}, ${error.facts.outcome}`;
};

/** SIGKILL to the actor's process. @returns how long it took until a call was answered again, in milliseconds */
async function kill(ledger: ActorHandle<Ledger>): Promise<number> {
  const pid = await ledger.call.pid();
  const startedMs = performance.now();
  process.kill(pid, 'SIGKILL');
  for (;;) {
    const answer = await ledger.call.pid().catch((error: unknown) => outcomeOf(error));
    if (typeof answer === 'number' && answer !== pid) return Math.round(performance.now() - startedMs);
  }
}

await using cluster = await connect();

console.log("State: stored before each answer (checkpointEvery: 'call'), so no answered call is lost");
const ledger = await cluster.actors.create(LedgerSpec, { name: 'ledger', maxRestarts: -1, checkpointEvery: 'call' });
for (let round = 1; round <= 3; round += 1) {
  for (let i = 0; i < 10; i += 1) await ledger.call.increment();
  const afterMs = await kill(ledger);
  say(`kill -9 after ${round * 10} increments: it answers again after ${afterMs} ms, and counts on to ${await ledger.call.increment(0)}`);
}
const { restarts, deaths } = await ledger.state();
say('state() says: restarts', restarts, '- last death', JSON.stringify(deaths.at(-1)?.cause));

console.log('Outcomes: what is told of a call when its actor is killed');
const pid = await ledger.call.pid();
const running = ledger.call.slowly(1, 60_000).catch((error: unknown) => outcomeOf(error));
await new Promise((resolve) => setTimeout(resolve, 100));
process.kill(pid, 'SIGKILL');
say('the call that ran:', await running);
say('a call made while it restarts waits, and is answered:', await ledger.call.increment());

console.log('Retries: maxCallRetries makes a call of unknown outcome again');
const retried = await cluster.actors.create(LedgerSpec, { maxRestarts: -1, maxCallRetries: 3 });
const retriedPid = await retried.call.pid();
const slow = retried.call.slowly(5, 300);
await new Promise((resolve) => setTimeout(resolve, 100));
process.kill(retriedPid, 'SIGKILL');
say('killed while it ran, and answered all the same:', await slow);

console.log('Handles: an actor that calls another follows it over its restarts');
const clerk = await cluster.actors.create(ClerkSpec, { args: [ledger] });
say('the clerk books 100:', await clerk.call.book(100));
await kill(ledger);
say('and 100 more after a kill of the ledger:', await clerk.call.book(100));

console.log('Names');
say('create again:', await cluster.actors.create(LedgerSpec, { name: 'ledger' }).catch((error: unknown) => (error as NameTakenError).code));
const same = await cluster.actors.create(LedgerSpec, { name: 'ledger', getIfExists: true });
say('getIfExists gives the one that is there:', same.id === ledger.id);
say('get by name:', (await cluster.actors.get(LedgerSpec, 'ledger')).id === ledger.id);

console.log('Sessions: another program creates two actors and ends');
const passing = await connect();
await passing.actors.create(LedgerSpec, { name: 'bound', args: [1] });
await passing.actors.create(LedgerSpec, { name: 'detached', args: [2], detached: true });
await passing.close();
const isThere = async (name: string): Promise<string> => {
  try {
    return `answers ${await (await cluster.actors.get(LedgerSpec, name)).call.increment(0)}`;
  } catch (error) {
    return error instanceof ActorNotFoundError ? error.code : outcomeOf(error);
  }
};
while ((await isThere('bound')) !== 'actor.not-found') await new Promise((resolve) => setTimeout(resolve, 20));
say('the one that was bound to its session:', await isThere('bound'));
say('the detached one:', await isThere('detached'));

console.log('The end: no restart is left');
const last = await cluster.actors.get(LedgerSpec, 'detached');
const lastPid = await last.call.pid();
process.kill(lastPid, 'SIGKILL');
const ended = await last.call.slowly(1, 1_000).catch((error: unknown) => outcomeOf(error));
say('the call that was made as it died:', ended);
say('a call after its end:', await last.call.increment().catch((error: unknown) => outcomeOf(error)));
