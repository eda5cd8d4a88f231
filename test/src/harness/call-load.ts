import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { ActorHandle } from '@trainer/client';
import type { Recorded, Recorder } from './recorder.js';

/** So many calls wait for their answers at once; order and at-most-once are tested by what lies between them. */
const IN_FLIGHT = 8;
/** Some hundred calls a second and actor: the machine must have time for what is tested. */
const PAUSE_MS = 10;

export type CallOutcome = 'answered' | 'not-run' | 'unknown';

interface MadeCall {
  readonly id: number;
  readonly madeAtMs: number;
  outcome: CallOutcome | null;
  settledAtMs: number;
  error: unknown;
  recorded: Recorded | null;
}

export interface CallCounts {
  readonly made: number;
  readonly answered: number;
  readonly notRun: number;
  readonly unknown: number;
}

/** Calls one recorder without end, and knows afterwards what was said of each call and what really ran. */
export class CallLoad {
  readonly #calls: MadeCall[] = [];
  readonly #inFlight = new Set<Promise<void>>();
  #isStopped = false;
  #running: Promise<void> | null = null;

  constructor(
    readonly handle: ActorHandle<Recorder>,
    private readonly file: string,
  ) {}

  /** Idempotent while it runs. */
  start(): this {
    this.#isStopped = false;
    this.#running ??= this.#run();
    return this;
  }

  /** Makes no more calls, and resolves when each that was made has settled. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
    this.#running = null;
    await Promise.all(this.#inFlight);
  }

  get counts(): CallCounts {
    const of = (outcome: CallOutcome): number => this.#calls.filter((call) => call.outcome === outcome).length;
    return { made: this.#calls.length, answered: of('answered'), notRun: of('not-run'), unknown: of('unknown') };
  }

  /** The process that answered last; null before the first answer. */
  get lastPid(): number | null {
    return this.#calls.findLast(({ recorded }) => recorded !== null)?.recorded?.pid ?? null;
  }

  /** When the first call that was made after `sinceMs` (of performance.now()) was answered; null until then. */
  answeredAfter(sinceMs: number): number | null {
    const call = this.#calls.find(({ madeAtMs, outcome }) => madeAtMs >= sinceMs && outcome === 'answered');
    return call?.settledAtMs ?? null;
  }

  /** What is wrong with what was said and what ran; empty when all holds. `'call'`: each answer was stored before it went out. */
  async violations(checkpointEvery: 'call' | 'sometimes' | 'never' = 'never'): Promise<readonly string[]> {
    const lines = (await readFile(this.file, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
    const runs = lines.map((line) => line.split(' ').map(Number)).map(([id = -1, pid = -1]) => ({ id, pid }));
    const times = new Map<number, number>();
    for (const { id } of runs) times.set(id, (times.get(id) ?? 0) + 1);
    const wrong: string[] = [];
    for (const { id, outcome, error } of this.#calls) {
      const count = times.get(id) ?? 0;
      if (outcome === null) wrong.push(`call ${id} never settled, or with an error that tells no outcome: ${String(error)}`);
      if (outcome === 'answered' && count !== 1) wrong.push(`call ${id} was answered and ran ${count} times`);
      if (outcome === 'not-run' && count !== 0) wrong.push(`call ${id} was said not to have run and ran ${count} times`);
      if (count > 1) wrong.push(`call ${id} ran ${count} times`);
    }
    wrong.push(...this.#disorder(runs));
    return [...wrong, ...this.#lostStates(checkpointEvery)];
  }

  /**
   * Each process runs what it is sent in order, and over all processes those that were answered ran in order. A call of unknown outcome
   * may still run in a process that a partition hides, long after another took its place (design.md section 5).
   */
  #disorder(runs: readonly { readonly id: number; readonly pid: number }[]): readonly string[] {
    const answered = runs.filter(({ id }) => this.#calls[id]?.outcome === 'answered');
    const pids = [...new Set(runs.map(({ pid }) => pid))];
    const groups = [...pids.map((pid) => runs.filter((run) => run.pid === pid)), answered];
    return groups.flatMap((group) =>
      group.flatMap(({ id, pid }, at) => {
        const earlier = group[at - 1]?.id ?? -1;
        return id < earlier ? [`call ${id} ran in process ${pid} after call ${earlier}, which was made later`] : [];
      }),
    );
  }

  /** Answered calls that a later state did not know of. */
  #lostStates(checkpointEvery: 'call' | 'sometimes' | 'never'): readonly string[] {
    if (checkpointEvery !== 'call') return [];
    let answered = -1;
    const wrong: string[] = [];
    for (const { id, recorded } of this.#calls) {
      if (recorded === null) continue;
      if (recorded.before < answered) wrong.push(`call ${id} met a state that ends with ${recorded.before}, and ${answered} was answered`);
      answered = id;
    }
    return wrong;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      if (this.#inFlight.size >= IN_FLIGHT) await Promise.race(this.#inFlight);
      const call = this.#call();
      this.#inFlight.add(call);
      void call.finally(() => this.#inFlight.delete(call));
      await wait(PAUSE_MS);
    }
  }

  async #call(): Promise<void> {
    const call: MadeCall = {
      id: this.#calls.length,
      madeAtMs: performance.now(),
      outcome: null,
      settledAtMs: Number.NaN,
      error: null,
      recorded: null,
    };
    this.#calls.push(call);
    try {
      call.recorded = await this.handle.call.record(call.id);
      call.outcome = 'answered';
    } catch (error) {
      call.error = error;
      const outcome = (error as { facts?: { outcome?: unknown } }).facts?.outcome;
      call.outcome = outcome === 'not-run' || outcome === 'unknown' ? outcome : null;
    }
    call.settledAtMs = performance.now();
  }
}
