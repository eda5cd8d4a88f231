import type { HyperparameterValues } from '../../train-request.js';
import type { ModelDescription, ModelParameters, TableShape } from '../description.js';
import { choice, integer, nullable, number } from '../parameters.js';
import { numericValue, treeMemory } from '../tree-memory.js';

const share = { kind: number({ above: 0, max: 1 }), default: 1 };
const weight = number({ min: 0, max: 1e9 });
const MAX_BINS = 255;
const DEFAULT_LEAVES = 31;
const DEFAULT_ROUNDS = 100;
const DEFAULT_ROWS_OF_LEAF = 20;

/** Names and defaults of LightGBM 4.7's scikit-learn interface. */
const boosting: ModelParameters['known'] = {
  n_estimators: { kind: integer({ min: 1, max: 100_000 }), default: DEFAULT_ROUNDS, about: 'number of boosting rounds' },
  num_leaves: { kind: integer({ min: 2, max: 131_072 }), default: DEFAULT_LEAVES, about: 'most leaves of a tree' },
  max_depth: { kind: integer({ min: -1, max: 1_000 }), default: -1, about: 'deepest level of a tree; 0 and -1: no limit' },
  learning_rate: { kind: share.kind, default: 0.1, about: 'shrinkage of each tree' },
  min_child_samples: { kind: integer({ min: 0, max: 1e9 }), default: DEFAULT_ROWS_OF_LEAF, about: 'least rows of a leaf' },
  min_child_weight: { kind: weight, default: 1e-3, about: 'least hessian weight of a leaf' },
  min_split_gain: { kind: weight, default: 0, about: 'least loss reduction of a split' },
  subsample: { ...share, about: 'share of the rows that trees see, where subsample_freq is not 0' },
  subsample_freq: { kind: integer({ min: 0, max: 100_000 }), default: 0, about: 'rows are drawn anew every so many rounds; 0: not at all' },
  colsample_bytree: { ...share, about: 'share of the columns each tree sees' },
  reg_alpha: { kind: weight, default: 0, about: 'L1 weight' },
  reg_lambda: { kind: weight, default: 0, about: 'L2 weight' },
  boosting_type: {
    kind: choice('gbdt', 'dart', 'goss'),
    default: 'gbdt',
    about: 'dart drops trees, and goss rows of small gradient; rf is a forest, which random_forest models are for',
  },
  max_bin: { kind: integer({ min: 2, max: 65_535 }), default: MAX_BINS, about: 'bins of a column' },
  subsample_for_bin: { kind: integer({ min: 1, max: 1e9 }), default: 200_000, about: 'rows that are drawn to find the bins' },
};

const aliases = {
  ...aliasesOf('n_estimators', ['num_iterations', 'num_iteration', 'n_iter', 'num_tree', 'num_trees', 'num_round', 'num_rounds']),
  ...aliasesOf('n_estimators', ['nrounds', 'num_boost_round', 'max_iter']),
  ...aliasesOf('num_leaves', ['num_leaf', 'max_leaves', 'max_leaf', 'max_leaf_nodes']),
  ...aliasesOf('learning_rate', ['eta', 'shrinkage_rate']),
  ...aliasesOf('min_child_samples', ['min_data_in_leaf', 'min_data_per_leaf', 'min_data', 'min_samples_leaf']),
  ...aliasesOf('min_child_weight', ['min_sum_hessian_in_leaf', 'min_sum_hessian_per_leaf', 'min_sum_hessian', 'min_hessian']),
  ...aliasesOf('min_split_gain', ['min_gain_to_split']),
  ...aliasesOf('subsample', ['bagging_fraction', 'sub_row', 'bagging']),
  ...aliasesOf('subsample_freq', ['bagging_freq']),
  ...aliasesOf('colsample_bytree', ['feature_fraction', 'sub_feature']),
  ...aliasesOf('reg_alpha', ['lambda_l1', 'l1_regularization']),
  ...aliasesOf('reg_lambda', ['lambda_l2', 'lambda', 'l2_regularization']),
  ...aliasesOf('boosting_type', ['boosting', 'boost']),
  ...aliasesOf('max_bin', ['max_bins']),
  ...aliasesOf('subsample_for_bin', ['bin_construct_sample_cnt']),
};

function aliasesOf(name: string, others: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(others.map((other) => [other, name]));
}

/** What speaks of the library's own process, and what its training is the same with. */
const withoutEffect = [
  ...['n_jobs', 'num_threads', 'num_thread', 'nthread', 'nthreads', 'verbosity', 'verbose', 'silent', 'device', 'device_type'],
  ...['importance_type', 'metric', 'metrics', 'eval_metric', 'callbacks', 'deterministic', 'force_row_wise', 'force_col_wise'],
  ...['histogram_pool_size', 'tree_learner', 'num_machines', 'pre_partition', 'two_round', 'is_enable_sparse', 'first_metric_only'],
];

/** What could change the model, with the library's own value. */
const fixed: ModelParameters['fixed'] = {
  extra_trees: { value: false },
  linear_tree: { value: false },
  path_smooth: { value: 0 },
  max_delta_step: { value: 0 },
  feature_fraction_bynode: { value: 1 },
  colsample_bynode: { value: 1 },
  monotone_constraints: { value: null },
  interaction_constraints: { value: null },
  boost_from_average: { value: true },
  enable_bundle: { value: true },
  feature_pre_filter: { value: true },
  min_data_in_bin: { value: 3 },
  use_missing: { value: true },
  zero_as_missing: { value: false },
  use_quantized_grad: { value: false },
  ...{ drop_rate: { value: 0.1 }, max_drop: { value: 50 }, skip_drop: { value: 0.5 }, uniform_drop: { value: false } },
  ...{ xgboost_dart_mode: { value: false }, top_rate: { value: 0.2 }, other_rate: { value: 0.1 } },
  categorical_feature: { value: null, instead: 'columns of text are encoded by the trainer' },
  early_stopping_round: { value: null, instead: 'use early_stopping and patience of the request' },
  early_stopping_rounds: { value: null, instead: 'use early_stopping and patience of the request' },
};

const conflicts: ModelParameters['conflicts'] = ({ boosting_type: type, subsample, subsample_freq: every }) =>
  type === 'goss' && Number(subsample) < 1 && Number(every) > 0
    ? [{ name: 'subsample', message: 'goss draws the rows itself: leave subsample and subsample_freq out, or use another boosting_type' }]
    : [];

const common = {
  engine: 'lightgbm',
  takes: { batchSize: false, learningRate: false },
  // Each rank finds the bins of its columns by its own rows, so trees differ a little.
  ranks: { rows: 'shard', about: 'rows; histograms are summed over the ranks, over the connections of the gang', tolerance: 0.03 },
  epochs: 'rounds',
  // Later rounds of dart change the weights of older trees: the best round can't be gone back to.
  earlyStopping: (values: HyperparameterValues) => values['boosting_type'] !== 'dart',
  scoredEachEpoch: true,
  wants: { gaps: true, scaled: false, target: 'given' },
  formats: ['pkl', 'onnx', 'native'],
} as const;

const COSTS = { base: 215 * 2 ** 20, perCell: 38, perNode: 400, perBin: 16 };
/** Of each tree that a round grows: what the library and its interpreter leave behind before it is collected. */
const BYTES_OF_CLASS = 2 ** 20;
/** The library counts rows in 32 bits. */
const MAX_ROWS = 100_000_000;

function limits(shape: TableShape, values: HyperparameterValues, treesOfRound: number) {
  const depth = numericValue(values, 'max_depth', -1);
  const rowsOfLeaf = Math.max(1, numericValue(values, 'min_child_samples', DEFAULT_ROWS_OF_LEAF));
  const leavesAllowed = numericValue(values, 'num_leaves', DEFAULT_LEAVES);
  const byDepth = depth > 0 ? 2 ** depth : Infinity;
  const leavesOfTree = Math.max(1, Math.min(leavesAllowed, byDepth, Math.ceil(shape.rows / rowsOfLeaf)));
  const forest = {
    leaves: numericValue(values, 'n_estimators', DEFAULT_ROUNDS) * treesOfRound * leavesOfTree,
    // The library makes the histograms of all leaves that a tree may have at its start: of no more than the rows.
    mostLeaves: Math.min(leavesAllowed, Math.max(2, shape.rows)),
    bins: Math.min(numericValue(values, 'max_bin', MAX_BINS), shape.rows),
  };
  const base = COSTS.base + treesOfRound * BYTES_OF_CLASS;
  return { maxRows: MAX_ROWS, memoryBytes: treeMemory({ ...COSTS, base }, shape, forest) };
}

export const models: readonly ModelDescription[] = [
  {
    ...common,
    modelId: 'lightgbm_classifier',
    task: 'classification',
    about: 'Gradient-boosted trees of the LightGBM library, grown leaf by leaf',
    parameters: {
      known: {
        ...boosting,
        objective: {
          kind: choice('auto', 'binary', 'multiclass'),
          default: 'auto',
          about: 'auto: binary for two classes, else multiclass (softmax)',
        },
        class_weight: {
          kind: nullable(choice('balanced')),
          default: null,
          about: 'balanced: rows weigh by how rare their class is; null: all alike',
        },
      },
      aliases,
      withoutEffect: [...withoutEffect, 'num_class', 'num_classes'],
      conflicts,
      fixed: {
        ...fixed,
        is_unbalance: { value: false, instead: 'use class_weight' },
        scale_pos_weight: { value: 1, instead: 'use class_weight' },
      },
    },
    limits: (shape, values) => {
      const isTreeEach = shape.classes > 2 || values['objective'] === 'multiclass';
      return limits(shape, values, isTreeEach ? Math.max(2, shape.classes) : 1);
    },
  },
  {
    ...common,
    modelId: 'lightgbm_regressor',
    // The library keeps the target in float32: far from zero its last digits would be lost.
    wants: { ...common.wants, target: 'centred' },
    task: 'regression',
    about: 'Gradient-boosted trees of the LightGBM library, grown leaf by leaf, by squared error',
    parameters: {
      known: boosting,
      aliases,
      withoutEffect,
      conflicts,
      fixed: {
        ...fixed,
        objective: { value: 'regression' },
        class_weight: { value: null, instead: 'it is for classes' },
      },
    },
    limits: (shape, values) => limits(shape, values, 1),
  },
];
