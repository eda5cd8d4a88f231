import type { HyperparameterValues } from '../../train-request.js';
import type { ModelDescription, ModelParameters, TableShape } from '../description.js';
import { boolean, choice, either, integer, nullable, number, type Parameter } from '../parameters.js';
import { numericValue } from '../tree-memory.js';

/** Rows whose counts the kernel adds up exactly. */
const MAX_ROWS = 2 ** 26 - 1;
const DEFAULT_TREES = 100;
const share = number({ above: 0, max: 1 });
const count = (min: number) => integer({ min, max: MAX_ROWS });

/** Names and defaults of scikit-learn 1.9's RandomForestClassifier and RandomForestRegressor. */
const growing: ModelParameters['known'] = {
  n_estimators: { kind: integer({ min: 1, max: 100_000 }), default: DEFAULT_TREES, about: 'number of trees' },
  max_depth: { kind: integer({ min: 1, max: 1_000_000 }), default: null, about: 'deepest level of a tree; null: no limit' },
  min_samples_split: {
    kind: either(count(2), share),
    default: 2,
    about: 'least rows of a node that is split: a count from 2 up, or a share of the training rows',
  },
  min_samples_leaf: {
    kind: either(count(1), share),
    default: 1,
    about: 'least rows of a leaf: a count, or below 1 a share of the training rows',
  },
  max_leaf_nodes: {
    kind: integer({ min: 2, max: MAX_ROWS }),
    default: null,
    about: 'most leaves of a tree, which then grows where the impurity falls most; null: no limit',
  },
  bootstrap: { kind: boolean(), default: true, about: 'each tree draws its rows with putting back; false: it has all of them' },
  max_samples: {
    kind: either(count(2), share),
    default: null,
    about: 'rows that a tree draws: a count from 2 up, or a share of the training rows; null: as many as there are',
  },
};

const columns = (about: string): Parameter['about'] =>
  `columns that each split looks at: the root or the logarithm of their number, a count, or a share; ${about}`;

const common = {
  engine: null,
  takes: { batchSize: false, learningRate: false },
  ranks: { rows: 'all', about: 'trees; each rank has all rows, and a tree is the same wherever it grows', tolerance: 0 },
  epochs: 'trees',
  // More trees do not overfit.
  earlyStopping: () => false,
  scoredEachEpoch: false,
  wants: { gaps: false, scaled: false, target: 'given' },
  formats: ['pkl', 'onnx', 'native'],
} as const;

const withoutEffect = ['n_jobs', 'verbose'];

/** What could change the model, with scikit-learn's own value. */
const fixed: ModelParameters['fixed'] = {
  min_weight_fraction_leaf: { value: 0, instead: 'use min_samples_leaf' },
  min_impurity_decrease: { value: 0 },
  oob_score: { value: false },
  warm_start: { value: false },
  ccp_alpha: { value: 0 },
  monotonic_cst: { value: null },
};

const conflicts: ModelParameters['conflicts'] = ({ bootstrap = true, max_samples: most = null }) =>
  bootstrap === false && most !== null
    ? [{ name: 'max_samples', message: 'max_samples is for trees that draw their rows: leave it out, or set bootstrap to true' }]
    : [];

/** Bytes, fitted to the peaks of real processes; most of what a leaf takes is onnxruntime's, which checks the exported file. */
const COSTS = { base: 200 * 2 ** 20, perCell: 14, perLeaf: 900 };

/** Of values that all differ: each drawn row (1 - 1/e) of the training rows (0.8) has its own leaf. */
const MOST_LEAVES = 0.51;

/** @param leavesOfRows leaves of the largest trees (labels at random), as a share of the rows */
function limits(shape: TableShape, values: HyperparameterValues, leavesOfRows: number) {
  const trees = numericValue(values, 'n_estimators', DEFAULT_TREES);
  const depth = numericValue(values, 'max_depth', Infinity);
  const allowed = numericValue(values, 'max_leaf_nodes', Infinity);
  const least = numericValue(values, 'min_samples_leaf', 1);
  const byRows = Math.ceil((shape.rows * leavesOfRows) / Math.max(1, least));
  const leaves = trees * Math.max(1, Math.min(2 ** Math.min(depth, 60), allowed, byRows));
  const memoryBytes = Math.ceil(COSTS.base + shape.rows * (shape.columns + 1) * COSTS.perCell + leaves * COSTS.perLeaf);
  return { maxRows: MAX_ROWS, memoryBytes };
}

export const models: readonly ModelDescription[] = [
  {
    ...common,
    modelId: 'random_forest_classifier',
    task: 'classification',
    about: 'The mean of trees that each grow from rows and columns drawn at random',
    parameters: {
      known: {
        ...growing,
        criterion: {
          kind: choice('gini', 'entropy', 'log_loss'),
          default: 'gini',
          about: 'the impurity that splits lower; log_loss is entropy',
        },
        max_features: {
          kind: nullable(either(choice('sqrt', 'log2'), count(1), share)),
          default: 'sqrt',
          about: columns('null: all'),
        },
        class_weight: {
          kind: choice('balanced', 'balanced_subsample'),
          default: null,
          about: 'classes count alike: in what is drawn, or in what each tree has drawn; null: rows do',
        },
      },
      aliases: {},
      withoutEffect,
      fixed,
      conflicts,
    },
    // Measured: 0.14 of the rows of 2 classes, 0.19 of 3, 0.39 of 26.
    limits: (shape, values) => limits(shape, values, MOST_LEAVES * (1 - 1 / Math.max(2, shape.classes)) ** 1.8),
  },
  {
    ...common,
    modelId: 'random_forest_regressor',
    task: 'regression',
    about: 'The mean of trees that each grow from rows drawn at random',
    parameters: {
      known: {
        ...growing,
        criterion: {
          kind: choice('squared_error', 'friedman_mse', 'poisson'),
          default: 'squared_error',
          about: "the impurity that splits lower; friedman_mse gives squared_error's trees",
        },
        max_features: { kind: either(choice('sqrt', 'log2'), count(2), share), default: 1, about: columns('1: all') },
      },
      aliases: {},
      withoutEffect,
      fixed,
      conflicts,
    },
    limits: (shape, values) => limits(shape, values, MOST_LEAVES),
  },
];
