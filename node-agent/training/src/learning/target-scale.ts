import type { LearnerWants } from '@trainer/model';
import type { GraphBuilder } from '../onnx/graph-builder.js';
import type {
  Engine,
  LabelledRows,
  Learner,
  LearnerInit,
  Part,
  Predictions,
  TargetScale,
  TargetVector,
  TrainedModel,
  Work,
} from './learner.js';

/** @param train the training rows of all ranks. @returns null where the model takes the target as it is given */
export function targetScaleOf(train: TargetVector, wanted: LearnerWants['target']): TargetScale | null {
  if (wanted === 'given') return null;
  const offset = train.reduce((sum, value) => sum + value / train.length, 0);
  if (wanted === 'centred') return { offset, factor: 1 };
  const deviation = Math.sqrt(train.reduce((sum, value) => sum + (value - offset) ** 2 / train.length, 0));
  // A constant's sum of rounded parts is not exactly it.
  return { offset, factor: deviation > Math.abs(offset) * 1e-12 ? deviation : 1 };
}

/**
 * A learner over the target that its model wants; what it gives out is in units of the target as given.
 * @throws InvalidRequestError where values do not fit the data
 */
export function createScaledLearner(engine: Engine, init: LearnerInit, scale: TargetScale | null): Learner {
  if (scale === null) return engine.createLearner(init);
  const scaled = ({ features, target }: LabelledRows): LabelledRows => ({
    features,
    target: target.map((value) => (value - scale.offset) / scale.factor),
  });
  return new ScaledLearner(engine.createLearner({ ...init, train: scaled(init.train), validation: scaled(init.validation) }), scale);
}

class ScaledLearner implements Learner {
  readonly epochs: number;
  readonly snapshots: Learner['snapshots'];

  constructor(
    private readonly learner: Learner,
    private readonly scale: TargetScale,
  ) {
    this.epochs = learner.epochs;
    this.snapshots = learner.snapshots;
  }

  step(epoch: number, work: Work): Promise<'more' | 'done'> {
    return this.learner.step(epoch, work);
  }

  async predict(part: Part): Promise<Predictions> {
    const predictions = await this.learner.predict(part);
    const { offset, factor } = this.scale;
    for (let row = 0; row < predictions.length; row += 1) predictions[row] = offset + factor * (predictions[row] ?? NaN);
    return predictions;
  }

  remember(): void {
    this.learner.remember();
  }

  recall(): void {
    this.learner.recall();
  }

  snapshot(): Promise<Uint8Array> {
    return this.learner.snapshot();
  }

  restore(state: Uint8Array): Promise<void> {
    return this.learner.restore(state);
  }

  async model(): Promise<TrainedModel> {
    const model = await this.learner.model();
    const { scale } = this;
    const { native, importance } = model;
    return {
      native: { ...native, described: (description) => native.described({ ...description, target: scale }) },
      importance,
      addTo: (graph, features) => {
        const outputs = model.addTo(graph, features);
        return outputs.kind === 'value' ? { kind: 'value', value: unscaled(graph, outputs.value, scale) } : outputs;
      },
    };
  }

  warnings(): readonly string[] {
    return this.learner.warnings?.() ?? [];
  }

  close(): void {
    this.learner.close();
  }
}

function unscaled(graph: GraphBuilder, value: string, { offset, factor }: TargetScale): string {
  const constant = (name: string, number: number): string =>
    graph.constant(name, { shape: [1, 1], type: 'double', values: Float64Array.of(number) });
  const wide =
    factor === 1 ? value : graph.add({ operator: 'Mul', inputs: [value, constant('target_factor', factor)], output: 'in_units' });
  return graph.add({ operator: 'Add', inputs: [wide, constant('target_offset', offset)], output: 'of_the_target' });
}
