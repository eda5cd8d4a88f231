import { InvalidRequestError, type HyperparameterValues } from '@trainer/model';
import type { LearnerInit } from './learner.js';

/** Our names are those of XGBoost's scikit-learn interface; the library's parameters of the same name take the value as it is. */
const PASSED = [
  'max_depth',
  'max_leaves',
  'learning_rate',
  'subsample',
  'colsample_bytree',
  'colsample_bylevel',
  'colsample_bynode',
  'min_child_weight',
  'gamma',
  'reg_alpha',
  'reg_lambda',
  'max_bin',
];
const SAMPLING = ['subsample', 'colsample_bytree', 'colsample_bylevel', 'colsample_bynode'];

/** XGBoost's default (sklearn.py of 3.2). */
const DEFAULT_ROUNDS = 100;

/** @returns n_estimators. */
export function roundsOf(hyperparameters: HyperparameterValues): number {
  return Number(hyperparameters['n_estimators'] ?? DEFAULT_ROUNDS);
}

/**
 * Does the training draw rows or columns? Then the library keeps random state that a snapshot loses, seed_per_iteration or not
 * (tried with 3.2: rows alone, columns alone).
 */
export function isSampled(hyperparameters: HyperparameterValues): boolean {
  return SAMPLING.some((name) => Number(hyperparameters[name] ?? 1) < 1);
}

/**
 * The library's parameters for `init`; what is not named keeps XGBoost's default.
 * @throws InvalidRequestError when the objective does not fit the classes.
 */
export function xgboostParameters(init: LearnerInit): Readonly<Record<string, string>> {
  const { hyperparameters } = init;
  const parameters: Record<string, string> = {
    tree_method: 'hist',
    device: 'cpu',
    nthread: String(init.threads),
    seed: String(init.seed),
    ...objectiveOf(init),
  };
  for (const name of PASSED) {
    const value = hyperparameters[name];
    if (value !== null && value !== undefined) parameters[name] = String(value);
  }
  return isSampled(hyperparameters) ? { ...parameters, seed_per_iteration: 'true' } : parameters;
}

function objectiveOf(init: LearnerInit): Readonly<Record<string, string>> {
  if (init.task === 'regression') return { objective: 'reg:squarederror' };
  if (init.task !== 'classification') throw invalid('task_type', `XGBoost trains no ${init.task}`);
  const asked = init.hyperparameters['objective'] ?? 'auto';
  if (asked === 'multi:softprob' || (asked === 'auto' && init.classCount > 2)) {
    return { objective: 'multi:softprob', num_class: String(init.classCount) };
  }
  if (init.classCount !== 2) {
    throw invalid(
      'hyperparameters',
      `objective binary:logistic is for two classes; the target has ${init.classCount}: use auto or multi:softprob`,
    );
  }
  const weight = init.hyperparameters['scale_pos_weight'];
  return { objective: 'binary:logistic', ...(weight === undefined || weight === null ? {} : { scale_pos_weight: String(weight) }) };
}

function invalid(field: 'task_type' | 'hyperparameters', message: string): InvalidRequestError {
  return new InvalidRequestError([{ path: field === 'task_type' ? [field] : [field, 'objective'], message, type: 'value' }]);
}
