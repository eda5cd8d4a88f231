import { readdirSync, readFileSync } from 'node:fs';
import { deferred } from '@trainer/runtime';
import type { Clock, LeaseId, Millis, NodeId } from '@trainer/model';

/**
 * The variable that names its lease in the environment of an actor's process. What the process starts inherits it, whatever group or
 * session it makes: so all of them are found again in /proc. What clears its environment *and* leaves its group escapes.
 */
export const LEASE_VARIABLE = 'TRAINER_LEASE';

/** @returns the mark of one lease's processes */
export function leaseMark(agent: { readonly node: NodeId; readonly incarnation: number }, lease: LeaseId): string {
  return `${agent.node}/${agent.incarnation}/${lease}`;
}

/** Where environments are read from. */
export interface EnvironmentTable {
  /** Of all processes; empty on systems without /proc. */
  pids(): number[];
  /** As /proc has it, NUL between variables; null: gone, or not ours to read. */
  environment(pid: number): string | null;
  /** A number that falls when process ids have begun again from the lowest. */
  newestPid(): number;
  kill(pid: number): void;
}

/** Between two looks: a process that forks and ends faster than it is killed is met by one of them. */
const AGAIN_MS: Millis = 20;
/** A process that is still there after so long is in an uninterruptible wait. */
const GIVE_UP_MS: Millis = 5_000;

interface Wanted {
  readonly isWanted: (mark: string) => boolean;
  readonly untilMs: Millis;
  readonly done: (remaining: readonly number[]) => void;
}

/**
 * Finds and ends the processes of leases by their mark. Looking costs a listing of /proc and the reading of each process that
 * was not there at the last look, for all that ended in the same turn together.
 */
export class MarkedProcesses {
  readonly #clock: Clock;
  readonly #table: EnvironmentTable;
  /** Processes known to have no mark: only a process that starts gets one. */
  #foreign = new Set<number>();
  #newestPid = 0;
  #wanted: Wanted[] = [];
  #isDue = false;

  constructor(clock: Clock, table: EnvironmentTable = procEnvironments) {
    this.#clock = clock;
    this.#table = table;
  }

  /** Ends all with a mark that is wanted. @returns those that were still there after some seconds */
  end(isWanted: (mark: string) => boolean): Promise<readonly number[]> {
    const over = deferred<readonly number[]>();
    this.#wanted.push({ isWanted, untilMs: this.#clock.monotonicMs() + GIVE_UP_MS, done: (remaining) => over.resolve(remaining) });
    this.#lookIn(0);
    return over.promise;
  }

  #lookIn(ms: Millis): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#clock.after(ms, () => {
      this.#isDue = false;
      this.#look();
    });
  }

  #look(): void {
    const marks = this.#marks();
    const now = this.#clock.monotonicMs();
    const again: Wanted[] = [];
    for (const wanted of this.#wanted) {
      const pids = marks.flatMap(({ pid, mark }) => (wanted.isWanted(mark) ? [pid] : []));
      for (const pid of pids) this.#table.kill(pid);
      if (pids.length > 0 && now < wanted.untilMs) again.push(wanted);
      else wanted.done(pids);
    }
    this.#wanted = again;
    if (again.length > 0) this.#lookIn(AGAIN_MS);
  }

  #marks(): { readonly pid: number; readonly mark: string }[] {
    const newest = this.#table.newestPid();
    if (newest < this.#newestPid) this.#foreign.clear();
    this.#newestPid = newest;
    const foreign = new Set<number>();
    const found = this.#table.pids().flatMap((pid) => {
      const mark = this.#foreign.has(pid) ? null : markIn(this.#table.environment(pid));
      if (mark !== null) return [{ pid, mark }];
      foreign.add(pid);
      return [];
    });
    this.#foreign = foreign;
    return found;
  }
}

function markIn(environment: string | null): string | null {
  if (environment === null) return null;
  const from = `\0${environment}`.indexOf(`\0${LEASE_VARIABLE}=`);
  if (from < 0) return null;
  const start = from + LEASE_VARIABLE.length + 1;
  const end = environment.indexOf('\0', start);
  return environment.slice(start, end < 0 ? undefined : end);
}

/** The system's own. */
export const procEnvironments: EnvironmentTable = {
  pids: () => {
    try {
      return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
    } catch {
      return [];
    }
  },
  environment: (pid) => readText(`/proc/${pid}/environ`),
  newestPid: () => Number(readText('/proc/loadavg')?.trim().split(' ').at(-1) ?? 0),
  kill: (pid) => {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It is gone.
    }
  },
};

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return null;
  }
}
