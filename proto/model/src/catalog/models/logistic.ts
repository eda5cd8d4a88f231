import type { HyperparameterValues } from '../../train-request.js';
import type { Conflict, ModelDescription, ModelLimits, TableShape } from '../description.js';
import { boolean, choice, integer, nullable, number, type Kind } from '../parameters.js';

/** Bytes: of a process that trains nothing, of a value of the encoded table, of a row's probability, and of a weight. */
const [BASE, PER_CELL, PER_PROBABILITY, PER_WEIGHT] = [190 * 2 ** 20, 44, 56, 600];
const MAX_ROWS = 100_000_000;

const SOLVERS = ['lbfgs', 'newton-cg', 'newton-cholesky', 'sag', 'saga'];
/** scikit-learn's liblinear penalises the intercept, which is another problem. */
const solver: Kind = {
  ...choice(...SOLVERS),
  words: `one of ${SOLVERS.join(', ')}, which all solve the same problem; liblinear solves another one, take lbfgs`,
};

function limits({ rows, columns, classes }: TableShape): ModelLimits {
  const outputs = Math.max(2, classes);
  const cells = PER_CELL * rows * (columns + 1);
  return { maxRows: MAX_ROWS, memoryBytes: BASE + cells + PER_PROBABILITY * rows * outputs + PER_WEIGHT * outputs * (columns + 1) };
}

/** What scikit-learn ignores with a warning, and what it refuses. */
function conflicts({ penalty = null, l1_ratio: ratio = null }: HyperparameterValues): readonly Conflict[] {
  const isNeeded = penalty === 'elasticnet';
  if (isNeeded && ratio === null)
    return [{ name: 'l1_ratio', message: 'penalty elasticnet needs l1_ratio, the share of l1, from 0 to 1: send it' }];
  if (isNeeded || ratio === null || ratio === 0 || (penalty === 'l1' && ratio === 1)) return [];
  const message = `l1_ratio ${String(ratio)} is for penalty elasticnet, and penalty is ${String(penalty)}: send penalty elasticnet, or leave l1_ratio out`;
  return [{ name: 'l1_ratio', message }];
}

/** Names and defaults of scikit-learn 1.9. */
export const models: readonly ModelDescription[] = [
  {
    modelId: 'logistic_regression',
    task: 'classification',
    about: 'A linear model of the classes, by log-loss; softmax for more than two',
    engine: 'openblas',
    parameters: {
      known: {
        C: { kind: number({ above: 0, max: 1e12 }), default: 1, about: 'inverse of the weight of the penalty' },
        penalty: { kind: nullable(choice('l1', 'l2', 'elasticnet')), default: 'l2', about: 'of the coefficients; null: none' },
        l1_ratio: { kind: number({ min: 0, max: 1 }), default: null, about: 'share of l1 in elasticnet' },
        max_iter: { kind: integer({ min: 1, max: 1_000_000 }), default: 100, about: 'most iterations; the epochs are shares of them' },
        tol: { kind: number({ above: 0, max: 1 }), default: 1e-4, about: 'slope of the mean loss at which it has converged' },
        class_weight: {
          kind: { ...choice('balanced'), words: 'balanced, or null; weights by class are not built yet' },
          default: null,
          about: 'balanced: each class weighs the same; null: each row does',
        },
        fit_intercept: { kind: boolean(), default: true, about: 'add a constant to the scores' },
        solver: { kind: solver, default: 'lbfgs', about: 'without effect: all of these solve the same problem' },
      },
      aliases: {},
      withoutEffect: ['n_jobs', 'verbose', 'intercept_scaling'],
      fixed: {
        dual: { value: false },
        warm_start: { value: false },
        multi_class: { value: 'auto', instead: 'more than two classes are trained together, by softmax' },
      },
      conflicts,
    },
    takes: { batchSize: false, learningRate: false },
    areBytesByThreads: true,
    ranks: { rows: 'shard', about: 'rows; losses, slopes and curvatures are added up', tolerance: 1e-4 },
    epochs: 'iterations',
    iterations: 'max_iter',
    earlyStopping: () => false,
    scoredEachEpoch: true,
    wants: { gaps: false, scaled: true, target: 'given' },
    limits,
    formats: ['pkl', 'onnx', 'native'],
  },
];
