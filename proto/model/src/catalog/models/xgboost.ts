import type { HyperparameterValues } from '../../train-request.js';
import type { ModelDescription, ModelParameters, TableShape } from '../description.js';
import { choice, integer, number } from '../parameters.js';
import { numericValue, treeMemory } from '../tree-memory.js';

const share = { kind: number({ above: 0, max: 1 }), default: 1 };
const weight = number({ min: 0, max: 1e9 });
const MAX_BINS = 256;
const DEFAULT_DEPTH = 6;
const DEFAULT_ROUNDS = 100;

/** Names and defaults of XGBoost 3.2's scikit-learn interface. */
const boosting: ModelParameters['known'] = {
  n_estimators: { kind: integer({ min: 1, max: 100_000 }), default: DEFAULT_ROUNDS, about: 'number of boosting rounds' },
  max_depth: { kind: integer({ min: 0, max: 64 }), default: DEFAULT_DEPTH, about: 'deepest level of a tree; 0: no limit' },
  max_leaves: { kind: integer({ min: 0, max: 1_000_000 }), default: 0, about: 'most leaves of a tree; 0: no limit' },
  learning_rate: { kind: share.kind, default: 0.3, about: 'shrinkage of each tree' },
  subsample: { ...share, about: 'share of the rows each tree sees' },
  colsample_bytree: { ...share, about: 'share of the columns each tree sees' },
  colsample_bylevel: { ...share, about: 'share of the columns each level sees' },
  colsample_bynode: { ...share, about: 'share of the columns each split sees' },
  min_child_weight: { kind: weight, default: 1, about: 'least hessian weight of a leaf' },
  gamma: { kind: weight, default: 0, about: 'least loss reduction of a split' },
  reg_alpha: { kind: weight, default: 0, about: 'L1 weight' },
  reg_lambda: { kind: weight, default: 1, about: 'L2 weight' },
  max_bin: { kind: integer({ min: 2, max: 65_535 }), default: MAX_BINS, about: 'bins of a column' },
};

const aliases = {
  eta: 'learning_rate',
  lambda: 'reg_lambda',
  alpha: 'reg_alpha',
  min_split_loss: 'gamma',
  num_boost_round: 'n_estimators',
};

/** What speaks of the library's own process. */
const withoutEffect = [
  ...['n_jobs', 'nthread', 'verbosity', 'verbose', 'silent', 'tree_method', 'device', 'predictor', 'gpu_id'],
  ...['use_label_encoder', 'eval_metric', 'enable_categorical', 'validate_parameters', 'callbacks', 'feature_types'],
];

/** What could change the model, with the library's own value. */
const fixed: ModelParameters['fixed'] = {
  booster: { value: 'gbtree' },
  grow_policy: { value: 'depthwise', instead: 'max_leaves bounds the leaves of a tree' },
  max_delta_step: { value: 0 },
  sampling_method: { value: 'uniform' },
  base_score: { value: null },
  num_parallel_tree: { value: 1 },
  monotone_constraints: { value: null },
  interaction_constraints: { value: null },
  importance_type: { value: 'gain' },
  max_cat_to_onehot: { value: null },
  max_cat_threshold: { value: null },
  multi_strategy: { value: 'one_output_per_tree' },
  feature_weights: { value: null },
  missing: { value: null, instead: 'leave the cell empty in the dataset where a value is missing' },
  early_stopping_rounds: { value: null, instead: 'use early_stopping and patience of the request' },
};

const common = {
  engine: 'xgboost',
  takes: { batchSize: false, learningRate: false },
  // Each rank's sketch of its rows decides the bins, so trees differ a little.
  ranks: { rows: 'shard', about: "rows; histograms are summed over the ranks by XGBoost's own communicator", tolerance: 0.03 },
  epochs: 'rounds',
  earlyStopping: () => true,
  scoredEachEpoch: true,
  wants: { gaps: true, scaled: false, target: 'given' },
  formats: ['pkl', 'onnx', 'native'],
} as const;

const COSTS = { base: 200 * 2 ** 20, perCell: 38, perNode: 400, perBin: 16 };
const MAX_ROWS = 100_000_000;

/**
 * Of the leaves that the rows' weight allows, the largest trees of a training (random labels) have up to this share on the mean of all rounds:
 * splits are uneven, and leaves weigh more than they must. Measured: 0.17 to 0.29, with 2,000 to 20,000 rows, depths of 12 to 20, 2 to 26 classes.
 */
const LEAVES_SHARE = 1 / 3;

/** What the trees of one round are, for the size of a training. */
interface Round {
  readonly trees: number;
  /** What a row weighs at most in the hessian of a tree: a leaf of weight w has w / rowWeight rows or more. */
  readonly rowWeight: number;
  /** The same in all trees of the round together. */
  readonly rowWeightInAll: number;
}

function limits(shape: TableShape, values: HyperparameterValues, round: Round) {
  const depth = numericValue(values, 'max_depth', DEFAULT_DEPTH);
  const allowed = numericValue(values, 'max_leaves', 0);
  const leafWeight = numericValue(values, 'min_child_weight', 1);
  const most = Math.min(depth === 0 ? Infinity : 2 ** depth, allowed === 0 ? Infinity : allowed);
  const leavesOf = (trees: number, rowWeight: number, share: number): number => {
    const byRows = leafWeight === 0 ? Infinity : Math.ceil((shape.rows * rowWeight * share) / leafWeight);
    return Math.min(trees * Math.max(1, Math.min(most, shape.rows)), Math.max(trees, byRows));
  };
  const rounds = numericValue(values, 'n_estimators', DEFAULT_ROUNDS);
  const forest = {
    leaves: rounds * leavesOf(round.trees, round.rowWeightInAll, LEAVES_SHARE),
    mostLeaves: leavesOf(1, round.rowWeight, 1),
    bins: Math.min(numericValue(values, 'max_bin', MAX_BINS), shape.rows),
  };
  return { maxRows: MAX_ROWS, memoryBytes: treeMemory(COSTS, shape, forest) };
}

export const models: readonly ModelDescription[] = [
  {
    ...common,
    modelId: 'xgboost_classifier',
    task: 'classification',
    about: 'Gradient-boosted trees of the XGBoost library',
    parameters: {
      known: {
        ...boosting,
        scale_pos_weight: { kind: number({ above: 0, max: 1e6 }), default: 1, about: 'weight of the second of two classes' },
        objective: {
          kind: choice('auto', 'binary:logistic', 'multi:softprob'),
          default: 'auto',
          about: 'auto: binary:logistic for two classes, else multi:softprob',
        },
      },
      aliases,
      withoutEffect,
      fixed,
    },
    limits: (shape, values) => {
      const isTreeEach = shape.classes > 2 || values['objective'] === 'multi:softprob';
      const trees = Math.max(2, shape.classes);
      // p(1 - p), which is at most a quarter; doubled for softmax, where the p of a row's K trees sum to 1.
      const round = isTreeEach
        ? { trees, rowWeight: 0.5, rowWeightInAll: 2 * (1 - 1 / trees) }
        : { trees: 1, rowWeight: 0.25, rowWeightInAll: 0.25 };
      return limits(shape, values, round);
    },
  },
  {
    ...common,
    modelId: 'xgboost_regressor',
    // The library adds up float32 numbers: far from zero its trees would be lost in the rounding.
    wants: { ...common.wants, target: 'centred' },
    task: 'regression',
    about: 'Gradient-boosted trees of the XGBoost library, by squared error',
    parameters: {
      known: {
        ...boosting,
        objective: { kind: choice('reg:squarederror'), default: 'reg:squarederror', about: 'the loss that the trees lower' },
      },
      aliases,
      withoutEffect,
      fixed: { ...fixed, scale_pos_weight: { value: 1, instead: 'it is for two classes' } },
    },
    limits: (shape, values) => limits(shape, values, { trees: 1, rowWeight: 1, rowWeightInAll: 1 }),
  },
];
