import type { Collective } from '@trainer/actor';
import { InvalidRequestError, type HyperparameterValues } from '@trainer/model';
import type { GrowthSettings } from '../kernels/cart/growth-settings.js';
import { ForestLearner } from '../kernels/cart/forest-learner.js';
import type { Engine, Learner, LearnerInit } from '../learning/learner.js';

/** Forests of trees of our own. */
export async function openEngine(): Promise<Engine> {
  let team: Collective | null = null;
  return {
    versions: {},
    createLearner: (init) => createForestLearner(init, team),
    join: async (joined) => {
      team = joined;
      return { leave: async () => undefined };
    },
  };
}

/**
 * Keeps the training rows until they are binned by the first step.
 * @param team ranks that each have all rows and grow their share of the trees; null: one rank
 * @throws InvalidRequestError where values do not fit the data or each other
 */
export function createForestLearner(init: LearnerInit, team: Collective | null = null): Learner {
  const { hyperparameters } = init;
  const settings = growthSettings(init);
  if (settings.criterion === 'poisson') checkCounts(init.train.target);
  return new ForestLearner(init, settings, Number(hyperparameters['n_estimators'] ?? 100), team);
}

/**
 * The hyperparameters in whole numbers of rows and columns, by scikit-learn 1.9's rules for counts and shares.
 * @throws InvalidRequestError where they do not fit each other
 */
export function growthSettings({ task, classCount, hyperparameters, train, seed }: LearnerInit): GrowthSettings {
  const { rows, columns } = train.features;
  const minLeaf = countOf(hyperparameters['min_samples_leaf'] ?? 1, rows, 1);
  const isDrawn = hyperparameters['bootstrap'] !== false;
  return {
    criterion: criterionOf(hyperparameters['criterion'] ?? null, task === 'classification'),
    classes: classCount,
    maxDepth: Number(hyperparameters['max_depth'] ?? Infinity),
    minSplit: Math.max(2, countOf(hyperparameters['min_samples_split'] ?? 2, rows, 2)),
    minLeaf,
    maxLeaves: Number(hyperparameters['max_leaf_nodes'] ?? Infinity),
    columnsDrawn: columnsDrawn(hyperparameters, columns, task === 'classification'),
    rowsDrawn: rowsDrawn(hyperparameters['max_samples'] ?? null, rows, isDrawn),
    balance: balanceOf(hyperparameters['class_weight'] ?? null, isDrawn),
    seed,
  };
}

type Value = HyperparameterValues[string];

/** A share of the rows, rounded up, or the count itself. @param least count: what is below it is a share */
function countOf(value: Value, rows: number, least: number): number {
  const number = Number(value);
  return number >= least ? number : Math.ceil(number * rows);
}

function criterionOf(value: Value, isClasses: boolean): GrowthSettings['criterion'] {
  switch (value) {
    case 'entropy':
    case 'log_loss':
      return 'entropy';
    case 'poisson':
      return 'poisson';
    default:
      // Friedman's improvement of a split is the fall of the squared error (value-target.ts), so its trees are the same.
      return isClasses ? 'gini' : 'squared_error';
  }
}

function columnsDrawn(hyperparameters: HyperparameterValues, columns: number, isClasses: boolean): number {
  const value = hyperparameters['max_features'];
  if (value === 'sqrt' || (value === undefined && isClasses)) return Math.max(1, Math.floor(Math.sqrt(columns)));
  if (value === 'log2') return Math.max(1, Math.floor(Math.log2(columns)));
  if (value === null || value === undefined) return columns;
  const number = Number(value);
  // JSON does not tell scikit-learn's 1.0, the regressor's default, from 1.
  const isShare = number < 1 || (number === 1 && !isClasses);
  return Math.max(1, Math.min(columns, isShare ? Math.floor(number * columns) : number));
}

function rowsDrawn(value: Value, rows: number, isDrawn: boolean): number {
  if (!isDrawn) return 0;
  if (value === null) return rows;
  const number = Number(value);
  return number > 1 ? number : Math.max(1, Math.floor(number * rows));
}

function balanceOf(value: Value, isDrawn: boolean): GrowthSettings['balance'] {
  if (value === null) return 'none';
  if (!isDrawn) return 'all';
  return value === 'balanced' ? 'drawn' : 'each-tree';
}

function checkCounts(target: Float64Array): void {
  const sum = target.reduce((all, value) => (value < 0 ? NaN : all + value), 0);
  if (sum > 0) return;
  throw refused('criterion', 'criterion poisson is for targets from 0 up that are not all 0: use squared_error');
}

function refused(name: string, message: string): InvalidRequestError {
  return new InvalidRequestError([{ path: ['hyperparameters', name], message, type: 'value' }]);
}
