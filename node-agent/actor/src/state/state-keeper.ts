import { INLINE_STATE_BYTES, type Clock, type Millis, type SavedState, type Timer } from '@trainer/model';
import { describeThrown, encodeValue, type HandleHook } from '@trainer/wire';
import { isThenable } from '../calls/thenable.js';
import { CheckpointFailedError } from './errors.js';
import type { Stateful } from './stateful.js';

/*
 * Invariants of an actor's state:
 * S1. One state is on its way to the head at most, and it was the newest when it was taken.
 * S2. With concurrency 1 no state is taken while a call runs, and no call starts while one is taken.
 * S3. With `'call'` an answer goes out only after the state that holds its call was stored; where it was refused, never.
 * S4. With milliseconds: a state that was taken longer ago than that is followed by a newer one, if calls were answered since.
 */

export interface StateRules {
  readonly className: string;
  readonly every: Millis | 'call';
  /** Concurrency 1. */
  readonly isSerial: boolean;
  readonly handles: HandleHook;
}

export interface StatePorts {
  readonly clock: Clock;
  /** Brings it to where a fact can name it. */
  save(bytes: Buffer): Promise<SavedState>;
  /** Resolves when the head has stored it. Rejects when it refused; this process is then about to be killed. */
  report(state: SavedState): Promise<void>;
  /** Whether a call runs. */
  isBusy(): boolean;
  /** Starts no call until the promise settles. */
  pause(until: Promise<unknown>): void;
  log(line: string): void;
}

/** Takes the state of an actor's instance at the right moments, and has it stored. */
export class StateKeeper {
  readonly #instance: Stateful;
  readonly #rules: StateRules;
  readonly #ports: StatePorts;
  /** Calls were answered since the newest state was taken. */
  #isDirty = false;
  /** It was time for a state while a call ran. */
  #isDue = false;
  #saving: Promise<void> | null = null;
  #takenAtMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | null = null;

  constructor(instance: Stateful, rules: StateRules, ports: StatePorts) {
    this.#instance = instance;
    this.#rules = rules;
    this.#ports = ports;
  }

  /** Whether answers wait for `stored`. */
  get isEachCallStored(): boolean {
    return this.#rules.every === 'call';
  }

  /** A call was answered, and with concurrency 1 none runs now. */
  answered(): void {
    if (this.isEachCallStored) return;
    this.#isDirty = true;
    if (this.#saving === null && (this.#isDue || this.#timer === null)) this.#saveWhenOld();
  }

  /** S3. Resolves when the newest state is stored, and never when it was refused. @throws CheckpointFailedError */
  async stored(): Promise<void> {
    const { className } = this.#rules;
    let bytes: Buffer;
    try {
      bytes = this.#encode(await this.#instance.checkpoint());
    } catch (error) {
      throw new CheckpointFailedError(className, `checkpoint() failed: ${describeThrown(error)}`, error);
    }
    if (bytes.length > INLINE_STATE_BYTES) {
      const limits = `it has ${bytes.length} bytes; with checkpointEvery 'call' at most ${INLINE_STATE_BYTES} are stored`;
      throw new CheckpointFailedError(className, limits);
    }
    await this.#ports.report({ kind: 'inline', bytes }).catch(() => new Promise<void>(() => undefined));
  }

  /** Resolves when all that was answered is stored, or can't be; no call starts or runs meanwhile. */
  async last(): Promise<void> {
    if (this.isEachCallStored) return;
    this.#timer?.cancel();
    while (this.#saving !== null || this.#isDirty) await (this.#saving ?? this.#save());
  }

  #saveWhenOld(): void {
    const { clock } = this.#ports;
    const everyMs = this.#rules.every === 'call' ? 0 : this.#rules.every;
    const leftMs = this.#takenAtMs + everyMs - clock.monotonicMs();
    if (leftMs <= 0) this.#onTime();
    else this.#timer = clock.after(leftMs, () => this.#onTime());
  }

  #onTime(): void {
    this.#timer = null;
    if (!this.#isDirty || this.#saving !== null) return;
    if (this.#rules.isSerial && this.#ports.isBusy()) this.#isDue = true;
    else void this.#save();
  }

  #save(): Promise<void> {
    this.#isDirty = false;
    this.#isDue = false;
    this.#takenAtMs = this.#ports.clock.monotonicMs();
    // It is taken in this turn, unless checkpoint() is async.
    return (this.#saving = this.#takeAndStore().finally(() => {
      this.#saving = null;
      if (this.#isDirty && this.#timer === null) this.#saveWhenOld();
    }));
  }

  async #takeAndStore(): Promise<void> {
    try {
      const taken = this.#instance.checkpoint();
      if (this.#rules.isSerial && isThenable(taken)) this.#ports.pause(Promise.resolve(taken));
      const bytes = this.#encode(isThenable(taken) ? await taken : taken);
      await this.#ports.report(await this.#ports.save(bytes));
    } catch (error) {
      // The next call asks for the next one: a state that can't be taken is no reason to end the actor.
      this.#ports.log(
        `The state of ${this.#rules.className} was not stored; a restart would go on from an older one: ${describeThrown(error)}`,
      );
    }
  }

  #encode(state: unknown): Buffer {
    return encodeValue(state, { at: 'checkpoint', handles: this.#rules.handles });
  }
}
