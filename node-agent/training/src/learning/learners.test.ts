/** @jest-environment ./node-agent/training/native-environment.mjs */
import { CATALOG, type HyperparameterValues } from '@trainer/model';
import { exportedFilesContract } from './exported-files.contract.js';
import { learnerContract } from './learner.contract.js';

/** Other ways through a family's learner. */
const VARIANTS: Readonly<Record<string, Readonly<Record<string, HyperparameterValues>>>> = {
  kmeans: {
    'with restarts': { n_init: 3, init: 'random', max_iter: 5 },
    'with a number of clusters to be found': { n_clusters: 'auto' },
    'with one cluster': { n_clusters: 1 },
    'with nearly as many clusters as rows': { n_clusters: 100, max_iter: 3 },
  },
  forest: {
    'with fewer trees than epochs': { n_estimators: 3 },
    'with few leaves': { n_estimators: 20, max_leaf_nodes: 6 },
    'with large leaves of all rows': { n_estimators: 20, min_samples_leaf: 4, bootstrap: false },
  },
  linear: { 'through zero': { fit_intercept: false } },
  logistic: {
    'by coordinates': { penalty: 'l1', C: 0.5, class_weight: 'balanced' },
    'an iteration an epoch': { max_iter: 8, penalty: null, fit_intercept: false },
  },
  xgboost: {
    'with rows and columns drawn': { subsample: 0.7, colsample_bynode: 0.5 },
    'with fewer rounds than epochs': { n_estimators: 3 },
  },
  lightgbm: {
    'with rows and columns drawn': { subsample: 0.7, subsample_freq: 3, colsample_bytree: 0.5 },
    'with rows drawn by gradient': { boosting_type: 'goss', n_estimators: 40 },
    'with trees dropped': { boosting_type: 'dart', n_estimators: 30 },
    'with small leaves': { min_child_samples: 1, max_depth: 5, reg_lambda: 1, reg_alpha: 0.1, learning_rate: 0.3 },
  },
};

for (const entry of CATALOG) {
  learnerContract(entry, VARIANTS[entry.family]);
  exportedFilesContract(entry, VARIANTS[entry.family]);
}
