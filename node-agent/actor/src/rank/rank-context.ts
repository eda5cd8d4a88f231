import type { Begin, DatasetCacheRoom, RankReport, TrainingAssignment } from '@trainer/model';
import type { PortRange } from '@trainer/runtime';
import type { InstalledContext } from '../loading/installed-context.js';
import type { Gang } from '../collectives/collective.js';

/** Where a rank's process may listen, for libraries that have sockets of their own. */
export interface RankNetwork {
  readonly listenHost: string;
  /** What other machines reach it by. */
  readonly advertisedHost: string;
  /** 0 to 0: any free port. */
  readonly ports: PortRange;
}

/** What a rank is given, as its constructor's first argument. */
export interface RankContext extends InstalledContext {
  /** Shared by all ranks of this agent, and there after their end. */
  readonly datasetCache: DatasetCacheRoom;
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
}

/**
 * A rank of an attempt: a class of an installed package. Its constructor runs before it says ready; `begin` runs once, when all ranks of its gang are
 * ready, and the process ends when it resolves. What it throws is a crash of the process: a failure of the request is reported
 * by `context.report`.
 */
export interface Rank {
  begin(begin: Begin): Promise<void>;
  /** Called when the process is asked to stop, after `context.signal` is aborted; the process ends when it resolves. */
  stop?(reason: string): Promise<void>;
}

export type RankClass = new (context: RankContext, assignment: TrainingAssignment) => Rank;
