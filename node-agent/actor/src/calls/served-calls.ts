import type { Clock, Millis, ProcessStart, SavedState } from '@trainer/model';
import type { HandleHook } from '@trainer/wire';
import type { SavedStates } from '../state/saved-states.js';
import { StateKeeper } from '../state/state-keeper.js';
import type { Stateful } from '../state/stateful.js';
import { CallRunner } from './call-runner.js';
import { Callers } from './callers.js';
import { MethodTable } from './method-table.js';

/** Answers that wait for their callers; above it no further call starts. */
const MAX_UNSENT_BYTES = 64 * 2 ** 20;

export interface ServingPorts {
  readonly clock: Clock;
  readonly handles: HandleHook;
  readonly states: SavedStates;
  later(run: () => void): void;
  /** Resolves when the head has stored it. */
  reportState(state: SavedState): Promise<void>;
  log(line: string): void;
}

/** The calls of an actor, from its callers to the instance that is there later, and the state that they leave. */
export class ServedCalls {
  readonly #start: ProcessStart;
  readonly #ports: ServingPorts;
  #callers: Callers | null = null;
  #runner: CallRunner | null = null;
  #keeper: StateKeeper | null = null;
  #unsentBytes = 0;

  constructor(start: ProcessStart, ports: ServingPorts) {
    this.#start = start;
    this.#ports = ports;
  }

  /** null: it is not ready yet. */
  readonly callers = (): Callers | null => this.#callers;

  readonly onUnsent = (bytes: number): void => {
    const wasHeld = this.#unsentBytes > MAX_UNSENT_BYTES;
    this.#unsentBytes += bytes;
    const isHeld = this.#unsentBytes > MAX_UNSENT_BYTES;
    if (isHeld !== wasHeld) this.#runner?.hold(isHeld);
  };

  /** Takes calls from now on. `stateful`: the instance, where it has a state. */
  serve(instance: object, stateful: Stateful | null): void {
    const { className, concurrency, token, answersKeptMs } = this.#start;
    const { clock, handles } = this.#ports;
    const methods = new MethodTable(instance);
    const every = this.#start.actor?.checkpointEvery ?? null;
    this.#keeper = stateful === null || every === null ? null : this.#keep(stateful, every);
    const runner = new CallRunner({ className, instance, methods, handles, keeper: this.#keeper }, concurrency, {
      monotonicMs: () => clock.monotonicMs(),
      later: (run) => this.#ports.later(run),
    });
    this.#runner = runner;
    this.#callers = new Callers(token, { clock, answersKeptMs, submit: (call) => runner.submit(call) });
  }

  /** Starts no call any more; resolves when none runs and what was answered is stored, as far as it has a state. */
  async finish(): Promise<void> {
    if (this.#keeper === null || this.#runner === null) return;
    await this.#runner.close();
    await this.#keeper.last();
  }

  #keep(stateful: Stateful, every: Millis | 'call'): StateKeeper {
    const { className, concurrency } = this.#start;
    const ports = this.#ports;
    const { clock, handles } = ports;
    const rules = { className, every, isSerial: concurrency === 1, handles };
    return new StateKeeper(stateful, rules, {
      clock,
      save: (bytes) => ports.states.save(bytes),
      report: (state) => ports.reportState(state),
      isBusy: () => this.#runner?.isBusy ?? false,
      pause: (until) => this.#runner?.pause(until),
      log: (line) => ports.log(line),
    });
  }
}
