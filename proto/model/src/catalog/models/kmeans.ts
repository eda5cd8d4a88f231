import type { HyperparameterValues } from '../../train-request.js';
import type { ModelDescription, TableShape } from '../description.js';
import { choice, either, integer, number } from '../parameters.js';
import { numericValue } from '../tree-memory.js';

/** Of scikit-learn 1.9, as are all defaults here. */
const DEFAULT_CLUSTERS = 8;
const MOST_CLUSTERS = 10_000;
const MAX_ROWS = 50_000_000;

/**
 * Bytes: of a process that trains nothing; of a value of the encoded table, from the table that was read to the learner's; of a row, which has
 * bounds, distances and predictions; of a value of a centre, which stands in several files.
 */
const [BASE, PER_CELL, PER_ROW, PER_CENTRE_VALUE] = [200 * 2 ** 20, 22, 130, 400];

function limits({ rows, columns, classes }: TableShape, values: HyperparameterValues) {
  const clusters = numericValue(values, 'n_clusters', Math.max(DEFAULT_CLUSTERS, classes));
  const memoryBytes = BASE + PER_CELL * rows * (columns + 1) + PER_ROW * rows + PER_CENTRE_VALUE * clusters * (columns + 1);
  return { maxRows: MAX_ROWS, memoryBytes: Math.ceil(memoryBytes) };
}

export const models: readonly ModelDescription[] = [
  {
    modelId: 'kmeans',
    task: 'clustering',
    about: 'Clusters around means: each row belongs to the nearest of n_clusters centres',
    engine: 'openblas',
    parameters: {
      known: {
        n_clusters: {
          kind: either(integer({ min: 1, max: MOST_CLUSTERS }), choice('auto')),
          default: null,
          about: `number of clusters; null: ${DEFAULT_CLUSTERS}, or as many as a given target has labels; auto: of 2 to 10 the one with the greatest silhouette`,
        },
        init: { kind: choice('k-means++', 'random'), default: 'k-means++', about: 'how the first centres are drawn' },
        n_init: {
          kind: either(integer({ min: 1, max: 1_000 }), choice('auto')),
          default: 'auto',
          about: 'restarts, of which the best is kept; auto: 1 with k-means++, 10 with random',
        },
        max_iter: { kind: integer({ min: 1, max: 100_000 }), default: 300, about: 'iterations of a restart at most' },
        tol: {
          kind: number({ min: 0, max: 1e6 }),
          default: 1e-4,
          about: "a restart ends where its centres' squared moves are at most this share of the mean variance of a column",
        },
      },
      aliases: {},
      withoutEffect: ['algorithm', 'verbose', 'copy_x', 'n_jobs', 'precompute_distances'],
      fixed: {},
    },
    takes: { batchSize: false, learningRate: false },
    ranks: { rows: 'shard', about: 'rows; the sums of the clusters are added up, exactly', tolerance: 0 },
    epochs: 'iterations',
    iterations: 'max_iter',
    earlyStopping: () => false,
    scoredEachEpoch: true,
    wants: { gaps: false, scaled: true, target: 'given' },
    limits,
    formats: ['pkl', 'onnx', 'native'],
  },
];
