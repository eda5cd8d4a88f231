import type { ModelDescription } from '../description.js';
import { boolean, choice, number } from '../parameters.js';

/** Bytes: of a process that trains nothing, of a value of the encoded table, and of a value of the matrix of all pairs of columns. */
const [BASE, PER_CELL, PER_PAIR] = [190 * 2 ** 20, 44, 40];
const MAX_ROWS = 100_000_000;

const fitIntercept = { kind: boolean(), default: true, about: 'add a constant to the prediction' };

const common = {
  engine: 'openblas',
  takes: { batchSize: false, learningRate: false },
  areBytesByThreads: true,
  ranks: { rows: 'shard', about: 'rows; the sums of products of columns are added up', tolerance: 1e-6 },
  epochs: 'none',
  earlyStopping: () => false,
  scoredEachEpoch: true,
  wants: { gaps: false, scaled: true, target: 'given' },
  limits: ({ rows, columns }) => ({
    maxRows: MAX_ROWS,
    memoryBytes: BASE + PER_CELL * rows * (columns + 1) + PER_PAIR * (columns + 1) ** 2,
  }),
  formats: ['pkl', 'onnx', 'native'],
} as const satisfies Partial<ModelDescription>;

/** Names and defaults of scikit-learn 1.9. */
export const models: readonly ModelDescription[] = [
  {
    ...common,
    modelId: 'linear_regression',
    task: 'regression',
    about: 'Ordinary least squares; of columns that are sums of others the solution of least norm',
    parameters: {
      known: { fit_intercept: fitIntercept },
      aliases: {},
      withoutEffect: ['n_jobs', 'copy_X', 'tol'],
      fixed: { positive: { value: false } },
    },
  },
  {
    ...common,
    modelId: 'ridge_regression',
    task: 'regression',
    about: 'Least squares with a penalty on the squares of the coefficients',
    parameters: {
      known: {
        alpha: { kind: number({ min: 0, max: 1e12 }), default: 1, about: 'weight of the penalty' },
        fit_intercept: fitIntercept,
        solver: {
          kind: choice('auto', 'svd', 'cholesky', 'lsqr', 'sparse_cg', 'sag', 'saga'),
          default: 'auto',
          about: 'without effect: all of them solve the same problem, and it is solved exactly',
        },
      },
      aliases: {},
      withoutEffect: ['copy_X', 'max_iter', 'tol'],
      fixed: { positive: { value: false } },
    },
  },
];
