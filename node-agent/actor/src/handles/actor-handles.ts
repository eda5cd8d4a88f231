import { TrainerError, type Clock, type ProcessStart } from '@trainer/model';
import { ActorsRpc, Handles, HeadRpc, openGrpcCallStream } from '@trainer/client/calling';
import type { HandleData, HandleHook } from '@trainer/wire';

/** The actor may look others up and call them; creating and ending them is for programs, whose session answers for it. */
export class KillRefusedError extends TrainerError<'auth.forbidden', { actor: string }> {
  constructor(actor: string) {
    super('auth.forbidden', `An actor can call ${actor}, but not end it; a program that is connected to the cluster can.`, { actor });
  }
}

/** The handles that came to an actor in values. Nothing is connected before the first. */
export class ActorHandles implements HandleHook {
  readonly #start: Pick<ProcessStart, 'lease' | 'actor' | 'headAddresses'>;
  readonly #clock: Clock;
  #handles: Handles | null = null;

  constructor(start: Pick<ProcessStart, 'lease' | 'actor' | 'headAddresses'>, clock: Clock) {
    this.#start = start;
    this.#clock = clock;
  }

  toData(value: object): HandleData | null {
    return this.#handles?.toData(value) ?? null;
  }

  fromData(data: HandleData): unknown {
    return (this.#handles ??= this.#open()).fromData(data);
  }

  #open(): Handles {
    const { lease, actor, headAddresses } = this.#start;
    const clock = this.#clock;
    const rpc = new ActorsRpc(new HeadRpc({ address: headAddresses.join(','), secret: actor?.lookupToken ?? '' }, clock));
    // Its calls go under the name of its lease, which no other incarnation has.
    const caller = `lease-${lease}`;
    return new Handles({
      clock,
      openStream: () => (target, written, events) => openGrpcCallStream(target, { caller, written }, events),
      locate: (id, look) => rpc.locate(id, look),
      control: { kill: (id) => Promise.reject(new KillRefusedError(id)), get: async (id) => (await rpc.get(id)).listing },
    });
  }
}
