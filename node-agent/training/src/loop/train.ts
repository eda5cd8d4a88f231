import type { Collective } from '@trainer/actor';
import type { EpochMetrics } from '@trainer/model';
import { TrainingCancelled, type Learner, type Predictions, type TrainedModel, type Work } from '../learning/learner.js';
import type { CheckpointState } from './checkpoint-state.js';
import { better, type BestEpoch } from './early-stopping.js';
import { expectSameBytes } from './same-bytes.js';
import { Scoring, type ScoringPlan } from './scoring.js';
import { agree, type Verdict } from './verdict.js';

export interface TrainingPlan extends ScoringPlan {
  /** The learner may have fewer. */
  readonly epochsAsked: number;
  /** On the validation loss; null: off, by request or for the model. */
  readonly earlyStopping: { readonly patience: number } | null;
  readonly checkpointIntervalEpochs: number;
  /** To go on from; the learner is not restored yet. */
  readonly resumeFrom: CheckpointState | null;
}

/**
 * Where the loop reports, from rank 0 alone but for `working` and `tick`. Calls come in the order of the epochs; each is awaited, so
 * a full receiver slows the training.
 */
export interface TrainingReports {
  /** `done`: share of the training that is done, 0..1. */
  epoch(metrics: EpochMetrics, done: number): Promise<void>;
  checkpoint(state: CheckpointState): Promise<void>;
  warning(message: string): Promise<void>;
  /** Asked between epochs, and at each tick. */
  isCancelled(): boolean;
  /** A step of the work begins, or the rank waits from now on. */
  working(isWorking: boolean): void;
  /** A step goes on; `done`: share of the training that is done, 0..1. */
  tick(done: number): void;
}

export type TrainingOutcome =
  | { readonly kind: 'cancelled'; readonly epoch: number }
  /** The model is trained; rank 0 tells of it. */
  | { readonly kind: 'followed' }
  | {
      readonly kind: 'trained';
      readonly model: TrainedModel;
      /** Metrics of the epoch that the model is of. */
      readonly kept: EpochMetrics;
      readonly lastEpoch: number;
      /** Early stopping chose the epoch on the rows that give the score. */
      readonly selectedOnValidation: boolean;
      /** The kept epoch's predictions, of the validation rows or, where none are held out, of all; the caller's own copy. */
      readonly validationPredictions: Predictions;
    };

/**
 * Trains a learner epoch by epoch, together with those of the other ranks: metrics, early stopping, checkpoints, cancellation. Equal
 * plan and learner give an equal model, also when resumed from any of its checkpoints. The learner stays open, with the kept epoch's
 * model.
 * @throws ModelsDifferError where the ranks' models have come apart, and what the collective throws
 */
export async function train(learner: Learner, plan: TrainingPlan, reports: TrainingReports, team: Collective): Promise<TrainingOutcome> {
  const resumeFrom = await agreedStart(plan.resumeFrom, reports, team);
  if (resumeFrom) await learner.restore(resumeFrom.learner);
  const scoring = new Scoring(plan, team);
  const lead = team.rank === 0 ? new Lead(learner, plan, reports, resumeFrom) : null;
  let epoch = resumeFrom?.epoch ?? 0;
  let verdict = await agree(team, lead && (await lead.begin()));
  while (verdict.next === 'go-on') {
    const result = await stepped(learner, epoch + 1, reports);
    if (result === 'cancelled') return { kind: 'cancelled', epoch };
    epoch += 1;
    const metrics = await scoring.measure(learner, epoch);
    verdict = await agree(team, lead && metrics && (await lead.after(metrics, result === 'done')));
    if (verdict.isBest) learner.remember();
    if (verdict.isCheckpoint) {
      const state = await learner.snapshot();
      await expectSameBytes(team, `The checkpoint of epoch ${epoch}`, () => state);
      await lead?.checkpoint(state);
    }
  }
  if (verdict.next === 'cancel') return { kind: 'cancelled', epoch };
  if (verdict.isRecalled) learner.recall();
  const final = await scoring.finish(learner);
  const model = await learner.model();
  await expectSameBytes(team, 'The model', () => model.native.bytes);
  return lead && final ? lead.finish(model, final.predictions.slice(), final.complete) : { kind: 'followed' };
}

/** One step; a cancellation within it ends it. */
async function stepped(learner: Learner, epoch: number, reports: TrainingReports): Promise<'more' | 'done' | 'cancelled'> {
  const work: Work = {
    tick(share) {
      reports.tick((epoch - 1 + share) / learner.epochs);
      if (reports.isCancelled()) throw new TrainingCancelled();
    },
  };
  reports.working(true);
  try {
    return await learner.step(epoch, work);
  } catch (error) {
    if (error instanceof TrainingCancelled) return 'cancelled';
    throw error;
  } finally {
    reports.working(false);
  }
}

/** Ranks go on from a checkpoint together or not at all: one of them may not have got it. */
async function agreedStart(own: CheckpointState | null, reports: TrainingReports, team: Collective): Promise<CheckpointState | null> {
  const [epoch = 0] = await team.allReduce(Int32Array.of(own?.epoch ?? 0), 'min');
  if (epoch === (own?.epoch ?? 0)) return own;
  if (team.rank === 0) await reports.warning('Not every rank could read the checkpoint; training begins anew.');
  return null;
}

/** What rank 0 knows and decides. */
class Lead {
  #best: BestEpoch | null;
  #last: EpochMetrics | null;
  #hasConverged = false;

  constructor(
    private readonly learner: Learner,
    private readonly plan: TrainingPlan,
    private readonly reports: TrainingReports,
    resumeFrom: CheckpointState | null,
  ) {
    this.#best = resumeFrom?.best ?? null;
    this.#last = resumeFrom?.metrics ?? null;
  }

  async begin(): Promise<Verdict> {
    const { earlyStopping, epochsAsked } = this.plan;
    const { epochs } = this.learner;
    // A patience that is not below the epochs asked was warned of at the submission.
    if (earlyStopping && earlyStopping.patience < epochsAsked && earlyStopping.patience >= epochs) {
      await this.reports.warning(
        `patience (${earlyStopping.patience}) is not below the number of epochs (${epochs}), so early stopping can't end the training; it still keeps the best epoch.`,
      );
    }
    return this.#verdict({ isBest: false, mayCheckpoint: false });
  }

  async after(metrics: EpochMetrics, hasConverged: boolean): Promise<Verdict> {
    this.#last = metrics;
    this.#hasConverged = hasConverged;
    if (this.plan.earlyStopping) this.#best = better(this.#best, metrics);
    await this.reports.epoch(metrics, hasConverged ? 1 : metrics.epoch / this.learner.epochs);
    const isBest = this.#best !== null && this.#best.metrics.epoch === metrics.epoch;
    return this.#verdict({ isBest, mayCheckpoint: isCheckpoint(this.learner, this.plan, metrics.epoch) });
  }

  checkpoint(learner: Uint8Array): Promise<void> {
    const metrics = this.#known();
    return this.reports.checkpoint({ epoch: metrics.epoch, metrics, best: this.#best, learner });
  }

  /** @param complete fills in what was left out of the kept epoch's metrics while it was one of many */
  async finish(
    model: TrainedModel,
    validationPredictions: Predictions,
    complete: (metrics: EpochMetrics) => EpochMetrics,
  ): Promise<TrainingOutcome> {
    const last = this.#known();
    const kept = complete(this.#best?.metrics ?? last);
    for (const warning of [...(this.learner.warnings?.() ?? []), ...this.plan.scores.warnings(kept)]) await this.reports.warning(warning);
    const selectedOnValidation = this.#best !== null;
    return { kind: 'trained', model, kept, lastEpoch: last.epoch, selectedOnValidation, validationPredictions };
  }

  #verdict({ isBest, mayCheckpoint }: { readonly isBest: boolean; readonly mayCheckpoint: boolean }): Verdict {
    const epoch = this.#last?.epoch ?? 0;
    const isOver = epoch >= this.learner.epochs || this.#hasConverged || this.#isStopped();
    const next = this.reports.isCancelled() ? 'cancel' : isOver ? 'finish' : 'go-on';
    const isRecalled = next === 'finish' && this.#best !== null && this.#best.metrics.epoch !== epoch;
    return { next, isBest, isCheckpoint: mayCheckpoint && next === 'go-on', isRecalled };
  }

  #isStopped(): boolean {
    const { earlyStopping } = this.plan;
    return this.#best !== null && earlyStopping !== null && this.#best.waited >= earlyStopping.patience;
  }

  #known(): EpochMetrics {
    if (this.#last === null) throw new RangeError('A learner has at least one epoch.');
    return this.#last;
  }
}

/** A checkpoint of a learner that is cut by it is dear, so there are four at most (design.md section 7). */
const MAX_CUTS = 4;

/** Checkpoints lie at fixed epochs, and none after the last one, when training is over. */
function isCheckpoint(learner: Learner, plan: TrainingPlan, epoch: number): boolean {
  const parts = learner.snapshots === 'cut' ? MAX_CUTS + 1 : 20;
  const interval = Math.max(plan.checkpointIntervalEpochs, Math.ceil(learner.epochs / parts));
  return epoch % interval === 0 && epoch < learner.epochs;
}
