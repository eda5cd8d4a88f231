import { TRAIN_LIMITS, type RankReport } from '@trainer/model';
import { short } from '../profile/bounds.js';
import type { CheckpointBytes, FromWorker } from './rank-messages.js';
import { SendWindow } from './send-window.js';

/** Reports on their way to the head: enough that the agent's pause between scores, and a commit, do not slow epochs of a millisecond. */
const REPORTS_ON_WAY = { count: 256, bytes: Number.MAX_SAFE_INTEGER };
/** Checkpoints on their way to the store: many small ones, or one large one. */
const CHECKPOINTS_ON_WAY = { count: 8, bytes: 64 << 20 };

/** What a training sends on its way to the head and the store. It waits while too much is under way, so a slow head slows the training. */
export class Outbox {
  readonly #reports = new SendWindow(REPORTS_ON_WAY);
  readonly #checkpoints = new SendWindow(CHECKPOINTS_ON_WAY);

  constructor(private readonly post: (message: Extract<FromWorker, { kind: 'report' | 'checkpoint' }>) => void) {}

  /** Resolves when there is room for another. A warning is cut to what a job keeps of it: it may quote names of any length. Numbers are even for reports and odd for checkpoints, so that one acknowledgement serves both. */
  report(report: RankReport): Promise<void> {
    const bounded = report.kind === 'warning' ? { ...report, message: short(report.message, TRAIN_LIMITS.warnings.chars) } : report;
    return this.#reports.send(0, (number) => this.post({ kind: 'report', number: 2 * number, report: bounded }));
  }

  /** Resolves when there is room for another. */
  checkpoint(checkpoint: CheckpointBytes): Promise<void> {
    return this.#checkpoints.send(checkpoint.bytes.length, (number) =>
      this.post({ kind: 'checkpoint', number: 2 * number + 1, checkpoint }),
    );
  }

  /** The report or checkpoint of this number is stored; idempotent. */
  stored(number: number): void {
    if (number % 2 === 0) this.#reports.stored(number / 2);
    else this.#checkpoints.stored((number - 1) / 2);
  }
}
