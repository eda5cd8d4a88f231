import type { ChildProcess } from 'node:child_process';
import type { Clock, DeathCause, Millis, ProcessStart, RankReport, SavedState } from '@trainer/model';
import type { ActorChannel } from './actor-channel.js';
import type { SigningPorts } from './signed-requests.js';

export interface LadderTiming {
  readonly startMs: Millis;
  readonly stopAskedMs: Millis;
  readonly stopTermMs: Millis;
  readonly livenessMs: Millis;
  readonly progressLeastMs: Millis;
}

/** What a supervised actor needs from outside. */
export interface SupervisionPorts {
  readonly clock: Clock;
  readonly timing: LadderTiming;
  /** Starts the process, in a group of its own, with a channel and pipes. */
  spawn(): ActorChild;
  /** What the process of that id is told first; may have to be fetched. Rejects when the actor can't be started. */
  prepare(pid: number | null): Promise<ProcessStart>;
  kernelKills(): number;
  readonly sign: SigningPorts['sign'];
  readonly groups: ProcessGroups;
}

/** An actor's process as it was started. */
export interface ActorChild {
  readonly process: Pick<ChildProcess, 'pid' | 'stdout' | 'stderr' | 'kill' | 'on' | 'once'>;
  readonly channel: ActorChannel;
}

/** The system's process groups. */
export interface ProcessGroups {
  /** @returns false when there is no such group. */
  signal(group: number, signal: NodeJS.Signals): boolean;
  /** Is a process of the group not gone yet? */
  isAlive(group: number): boolean;
  /** Ends what the lease's processes have started in groups of their own, as far as it can be found; `done` when it is gone. */
  endStrays(done: () => void): void;
}

/** Told in order; `onEnded` is the last, once, when no process of the group is left. */
export interface SupervisionEvents {
  onStarted(pid: number): void;
  onReady(address: string): void;
  onReport(number: number, report: RankReport): void;
  onState(number: number, state: SavedState): void;
  onLine(line: string, isStderr: boolean): void;
  onEnded(cause: DeathCause): void;
}
