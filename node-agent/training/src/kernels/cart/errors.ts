import { TrainerError } from '@trainer/model';

/** A forest outgrew what the service keeps of one model. */
export class ForestTooLargeError extends TrainerError<'artifact.too-large', { trees: number; nodes: number; limitBytes: number }> {
  /** @param trees those that were grown, @param nodes of all of them */
  constructor(facts: { trees: number; nodes: number; limitBytes: number }) {
    super(
      'artifact.too-large',
      `After ${facts.trees} trees the forest has ${facts.nodes} nodes, and its file would be larger than ${facts.limitBytes} bytes. ` +
        'Lower max_depth or n_estimators, or raise min_samples_leaf.',
      facts,
    );
  }
}
