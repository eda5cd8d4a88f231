import type { CatalogEntry } from './catalog-entry.js';
import type { HyperparameterSchema } from './hyperparameters.js';

const share = { type: 'number', default: 1, min: 0, max: 1, aboveMin: true } as const;

/** Names and defaults of XGBoost 3.2's scikit-learn interface. */
const boosting: HyperparameterSchema['known'] = {
  n_estimators: { type: 'integer', default: 100, min: 1, max: 100_000, about: 'number of boosting rounds' },
  max_depth: { type: 'integer', default: 6, min: 0, max: 64, nullable: true, about: 'deepest level of a tree; 0: no limit' },
  max_leaves: { type: 'integer', default: 0, min: 0, max: 1_000_000, about: 'most leaves of a tree; 0: no limit' },
  learning_rate: { type: 'number', default: 0.3, min: 0, max: 1, aboveMin: true, about: 'shrinkage of each tree' },
  subsample: { ...share, about: 'share of the rows each tree sees' },
  colsample_bytree: { ...share, about: 'share of the columns each tree sees' },
  colsample_bylevel: { ...share, about: 'share of the columns each level sees' },
  colsample_bynode: { ...share, about: 'share of the columns each split sees' },
  min_child_weight: { type: 'number', default: 1, min: 0, max: 1e9, about: 'least hessian weight of a leaf' },
  gamma: { type: 'number', default: 0, min: 0, max: 1e9, about: 'least loss reduction of a split' },
  reg_alpha: { type: 'number', default: 0, min: 0, max: 1e9, about: 'L1 weight' },
  reg_lambda: { type: 'number', default: 1, min: 0, max: 1e9, about: 'L2 weight' },
  max_bin: { type: 'integer', default: 256, min: 2, max: 65_535, about: 'bins of a column' },
};

/** Of the library's list: what speaks of its own process. */
const withoutEffect = [
  'n_jobs',
  'nthread',
  'verbosity',
  'verbose',
  'silent',
  'tree_method',
  'device',
  'predictor',
  'use_label_encoder',
  'eval_metric',
  'enable_categorical',
  'validate_parameters',
  'early_stopping_rounds',
  'callbacks',
  'gpu_id',
  'feature_types',
  'missing',
];
const notBuilt = [
  'booster',
  'grow_policy',
  'max_delta_step',
  'sampling_method',
  'base_score',
  'num_parallel_tree',
  'monotone_constraints',
  'interaction_constraints',
  'importance_type',
  'max_cat_to_onehot',
  'max_cat_threshold',
  'multi_strategy',
  'feature_weights',
];

export const xgboostClassifier: CatalogEntry = {
  modelId: 'xgboost_classifier',
  task: 'classification',
  engine: 'xgboost',
  about: 'Gradient-boosted trees of the XGBoost library',
  hyperparameters: {
    known: {
      ...boosting,
      scale_pos_weight: { type: 'number', default: 1, min: 0, max: 1e6, aboveMin: true, about: 'weight of the second of two classes' },
      objective: {
        type: 'choice',
        default: 'auto',
        choices: ['auto', 'binary:logistic', 'multi:softprob'],
        about: 'auto: binary:logistic for two classes, else multi:softprob',
      },
    },
    withoutEffect,
    notBuilt,
  },
  distribution: "rows; histograms are summed over the ranks by XGBoost's own communicator",
  maxRows: 100_000_000,
  memory: { baseBytes: 256 * 2 ** 20, bytesPerCell: 48, trees: { bytesPerNode: 600, bytesPerBin: 16 } },
  formats: ['pkl', 'onnx', 'native'],
  earlyStopping: true,
};
