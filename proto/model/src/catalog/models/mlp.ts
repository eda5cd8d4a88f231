import type { HyperparameterValues } from '../../train-request.js';
import type { ModelDescription, ModelLimits, ModelParameters, TableShape } from '../description.js';
import { boolean, choice, either, integer, list, nullable, number } from '../parameters.js';

/** Bytes: of a process that trains nothing, of a value of the encoded table, of a row's prediction, and of a weight. */
const [BASE, PER_CELL, PER_PREDICTION, PER_WEIGHT] = [190 * 2 ** 20, 44, 56, 90];
const MAX_ROWS = 100_000_000;
const MOST_LAYERS = 20;
const units = integer({ min: 1, max: 10_000 });
const belowOne = number({ min: 0, max: 0.999_999 });

function limits({ rows, columns, classes }: TableShape, values: HyperparameterValues): ModelLimits {
  const outputs = Math.max(2, classes);
  const hidden = values['hidden_layer_sizes'];
  const sizes = [columns, ...(Array.isArray(hidden) ? hidden : [hidden ?? 100]).map(Number), outputs];
  const weights = sizes.slice(1).reduce((sum, size, at) => sum + size * ((sizes[at] ?? 0) + 1), 0);
  const ofRows = rows * (PER_CELL * (columns + 1) + PER_PREDICTION * outputs);
  return { maxRows: MAX_ROWS, memoryBytes: Math.ceil(BASE + ofRows + PER_WEIGHT * weights) };
}

/** Names and defaults of scikit-learn 1.9, but `dropout`, and where the request has a field for it. */
const parameters: ModelParameters = {
  known: {
    hidden_layer_sizes: {
      kind: either(list(units, { min: 1, max: MOST_LAYERS }), units),
      default: [100],
      about: 'units of each hidden layer',
    },
    activation: { kind: choice('relu', 'tanh', 'logistic', 'identity'), default: 'relu', about: 'of the hidden layers' },
    alpha: { kind: number({ min: 0, max: 1e9 }), default: 1e-4, about: 'weight of the L2 penalty' },
    solver: { kind: choice('adam', 'sgd'), default: 'adam', about: 'how weights follow their slopes' },
    batch_size: {
      kind: nullable(integer({ min: 1, max: 100_000 })),
      default: null,
      about: "rows of a step, of all workers together; null: the request's",
    },
    learning_rate_init: {
      kind: nullable(number({ above: 0, max: 100 })),
      default: null,
      about: "size of the steps; null: the request's learning_rate",
    },
    max_iter: { kind: nullable(integer({ min: 1, max: 1000 })), default: null, about: 'epochs, where the request has none' },
    momentum: { kind: number({ min: 0, max: 1 }), default: 0.9, about: 'of sgd' },
    nesterovs_momentum: { kind: boolean(), default: true, about: "of sgd: Nesterov's, or plain" },
    beta_1: { kind: belowOne, default: 0.9, about: 'of adam: decay of the mean slope' },
    beta_2: { kind: belowOne, default: 0.999, about: 'of adam: decay of the mean square' },
    epsilon: { kind: number({ above: 0, max: 1 }), default: 1e-8, about: 'of adam' },
    dropout: { kind: belowOne, default: 0, about: 'share of the hidden units that a step leaves out' },
  },
  aliases: {},
  withoutEffect: ['verbose', 'power_t', 'max_fun', 'validation_fraction', 'n_iter_no_change'],
  fixed: {
    learning_rate: { value: 'constant' },
    shuffle: { value: true },
    warm_start: { value: false },
    early_stopping: { value: false, instead: 'use early_stopping and patience of the request' },
    tol: { value: 1e-4, instead: 'use early_stopping and patience of the request' },
    loss: { value: null },
  },
};

const common = {
  engine: 'openblas',
  parameters,
  takes: { batchSize: true, learningRate: true },
  meansSame: { batchSize: 'batch_size', learningRate: 'learning_rate_init', epochs: 'max_iter' },
  areBytesByThreads: true,
  ranks: { rows: 'shard', about: 'rows of each step; their slopes are added up', tolerance: 0.02 },
  epochs: 'passes',
  earlyStopping: () => true,
  scoredEachEpoch: true,
  limits,
  formats: ['pkl', 'onnx', 'native'],
} as const satisfies Partial<ModelDescription>;

export const models: readonly ModelDescription[] = [
  {
    ...common,
    modelId: 'mlp_classifier',
    task: 'classification',
    about: 'A network of dense layers, by log-loss',
    wants: { gaps: false, scaled: true, target: 'given' },
  },
  {
    ...common,
    modelId: 'mlp_regressor',
    task: 'regression',
    about: 'A network of dense layers, by squared error',
    wants: { gaps: false, scaled: true, target: 'standardised' },
  },
];
