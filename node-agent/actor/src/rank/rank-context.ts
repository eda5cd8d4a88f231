import type { Begin, DatasetCacheRoom, LeaseId, RankReport, TrainingAssignment } from '@trainer/model';
import type { PortRange } from '@trainer/runtime';
import type { ObjectStoreConfig } from '@trainer/storage';
import type { Gang } from '../collectives/collective.js';

/** Where a rank's process may listen, for libraries that have sockets of their own. */
export interface RankNetwork {
  readonly listenHost: string;
  /** What other machines reach it by. */
  readonly advertisedHost: string;
  /** 0 to 0: any free port. */
  readonly ports: PortRange;
}

/** What an actor of an installed package of ours is given, as its constructor's first argument. */
export interface RankContext {
  readonly leaseId: LeaseId;
  /** Aborted when the process is asked to stop; it is killed a few seconds later. */
  readonly signal: AbortSignal;
  /** A folder of this lease alone; the agent removes it when the process is gone. */
  readonly scratchDir: string;
  /** Where the native parts lie (XGBoost's library). */
  readonly nativeDir: string;
  /** Shared by all ranks of this agent, and there after their end. */
  readonly datasetCache: DatasetCacheRoom;
  /** CPUs leased, at least 1; already in the environment for OpenMP and OpenBLAS. */
  readonly threads: number;
  readonly store: ObjectStoreConfig;
  readonly network: RankNetwork;
  /**
   * Makes a numbered fact of the report. Resolves when the head has stored it, however long that takes; at most 1,000 wait.
   * @throws TrainerError `fact.refused` when the head did not store it; this process is then about to end
   */
  report(report: RankReport): Promise<void>;
  /**
   * Joins the other ranks; once, in `begin`.
   * @throws PeerLostError `unreachable`, naming the rank
   */
  join(begin: Begin): Promise<Gang>;
  /**
   * Says that a step of the work begins, or that the rank waits for others now. The agent ends a rank whose step takes far longer
   * than all before it; waiting counts to no watch.
   */
  working(isWorking: boolean): void;
  /** Writes one line to the lease's log. */
  log(line: string): void;
}

/**
 * An actor of an installed package. Its constructor runs before it says ready; `begin` runs once, when all ranks of its gang are
 * ready, and the process ends when it resolves. What it throws is a crash of the process: a failure of the request is reported
 * by `context.report`.
 */
export interface SystemActor {
  begin(begin: Begin): Promise<void>;
  /** Called when the process is asked to stop, after `context.signal` is aborted; the process ends when it resolves. */
  stop?(reason: string): Promise<void>;
}

export type SystemActorClass = new (context: RankContext, assignment: TrainingAssignment) => SystemActor;
