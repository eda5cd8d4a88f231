// For kills.ts: a class that tells its process, so that the program can kill it, and a class that calls another actor.
import { actor, type ActorHandle } from '@trainer/client';
import { Counter } from './counter.js';

export class Ledger extends Counter {
  pid(): number {
    return process.pid;
  }
  async slowly(by: number, ms: number): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return this.increment(by);
  }
}
export const LedgerSpec = actor(Ledger, import.meta.url);

export class Clerk {
  #ledger: ActorHandle<Ledger>;
  constructor(ledger: ActorHandle<Ledger>) {
    this.#ledger = ledger;
  }
  book(by: number): Promise<number> {
    return this.#ledger.call.increment(by);
  }
}
export const ClerkSpec = actor(Clerk, import.meta.url);
