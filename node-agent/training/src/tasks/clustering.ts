import type { EpochMetrics, Metric } from '@trainer/model';
import { TargetError } from '../data/errors.js';
import { lengthOf, type Column } from '../data/table.js';
import type { TargetVector } from '../learning/learner.js';
import { daviesBouldin, scatterAround } from '../metrics/cluster-spread.js';
import { adjustedRandIndex } from '../metrics/rand-index.js';
import { finite } from '../metrics/probabilities.js';
import { meanSilhouette, silhouetteRows } from '../metrics/silhouette.js';
import type { ComparedColumn } from '../preprocessing/preprocessing.js';
import { seededSource } from '../split/random-source.js';
import { blockSums, sumOfBlocks } from './block-sums.js';
import { clusterNumbers, NUMBERS_A_ROW } from './cluster-predictions.js';
import { labelsOf, rowsWithValue } from './labels.js';
import type { BlockSums, EncodedRows, ReadTarget, ScoreChoice, Scored, Scores, Task } from './task.js';

/** The number of a cluster a row. All rows train; a column that is named is no feature, and the clusters are compared with its labels. */
export const clustering: Task = {
  readTarget,
  withoutTarget: (rows) => everyRow(new Float64Array(rows).fill(NaN), null),
  holdsOut: false,
  numbersARow: () => NUMBERS_A_ROW,
  strataOf: () => null,
  scores: (encoding, train, _validation, encoded) =>
    new ClusterScores(encoding.kind === 'clusters' ? encoding.compared : null, train, encoded),
};

/** Rows without a label are clustered as all others. */
function readTarget(column: Column): ReadTarget {
  const { name } = column;
  const values = new Float64Array(lengthOf(column)).fill(NaN);
  const rows = rowsWithValue(column);
  if (rows.length === 0) return everyRow(values, { name, labels: 0 }, [uncompared(name, 'it has no value in any row')]);
  try {
    const { classes, codes } = labelsOf(column, rows);
    rows.forEach((row, at) => (values[row] = codes[at] ?? NaN));
    const missing = values.length - rows.length;
    const gaps = `${missing} rows have no value in the target column ${JSON.stringify(name)}: they are clustered, and left out of ari.`;
    return everyRow(values, { name, labels: classes.length }, missing === 0 ? [] : [gaps]);
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    return everyRow(values, { name, labels: 0 }, [uncompared(name, PROBLEMS[error.facts.problem] ?? 'its values are no labels')]);
  }
}

const PROBLEMS: Readonly<Partial<Record<TargetError['facts']['problem'], string>>> = {
  'one-class': 'all its values are the same',
  'too-many-classes': 'it has too many distinct values to be labels',
  continuous: 'it holds many distinct fractions, which are no labels',
  dates: 'it holds dates, which are no labels',
};

function uncompared(name: string, why: string): string {
  return `The target column ${JSON.stringify(name)} is left out of the features, and the clusters are not compared with it (ari): ${why}.`;
}

function everyRow(values: TargetVector, compared: ComparedColumn | null, warnings: readonly string[] = []): ReadTarget {
  const rows = Int32Array.from({ length: values.length }, (_, row) => row);
  return { encoding: { kind: 'clusters', compared }, rows, values, dropped: 0, warnings };
}

/** The sample of a silhouette is the same for every model and seed. */
const SAMPLE_SEED = 0;
/** Rows that are encoded at once for scores over all of them. */
const BLOCK_ROWS = 4_096;

class ClusterScores implements Scores {
  /** All but the inertia speaks of distances between rows, and waits for the kept model. */
  readonly areSomeDear = true;
  #baseline: Readonly<Record<string, Metric>> | null = null;

  constructor(
    private readonly compared: ComparedColumn | null,
    private readonly labels: TargetVector,
    private readonly encoded: EncodedRows,
  ) {}

  /** Squared distances to the clusters' own centres. */
  sums({ target, predictions }: Scored): BlockSums {
    return blockSums(target.length, this.labels.length, (from, to) => {
      let squares = 0;
      for (let row = from; row < to; row += 1) squares += predictions[row * NUMBERS_A_ROW + 1] ?? NaN;
      return [squares, 0];
    });
  }

  epoch(
    { number, learningRate }: { readonly number: number; readonly learningRate: Metric },
    { predictions }: Scored,
    { training, hasDear }: ScoreChoice,
  ): EpochMetrics {
    const [inertia] = training === null ? [NaN] : sumOfBlocks(training);
    return {
      epoch: number,
      learningRate,
      trainLoss: finite(inertia / this.labels.length),
      valLoss: null,
      trainAccuracy: null,
      valAccuracy: null,
      additional: { inertia: finite(inertia), ...(hasDear ? this.#dear(clusterNumbers(predictions)) : {}) },
    };
  }

  #dear(clusters: Float64Array): Readonly<Record<string, Metric>> {
    const { labels, compared } = this;
    const count = new Set(clusters.filter((cluster) => cluster >= 0)).size;
    return {
      silhouette: this.#silhouette(clusters, count),
      davies_bouldin: daviesBouldin(clusters, (places) => this.encoded(places), BLOCK_ROWS),
      n_clusters: count,
      n_noise: clusters.filter((cluster) => cluster < 0).length,
      ...(compared === null ? {} : { ari: compared.labels === 0 ? null : adjustedRandIndex(labels, clusters) }),
    };
  }

  /** Of the rows that are in a cluster: of all of them, or of a sample. */
  #silhouette(clusters: Float64Array, count: number): Metric {
    const places = Int32Array.from(clusters.keys()).filter((row) => (clusters[row] ?? -1) >= 0);
    const { columns } = this.encoded(places.subarray(0, 1));
    const rows = silhouetteRows(places, { columns, clusters: count }, seededSource(SAMPLE_SEED));
    return meanSilhouette(
      this.encoded(rows),
      Float64Array.from(rows, (row) => clusters[row] ?? -1),
    );
  }

  /** One cluster of all rows. */
  baseline(): Readonly<Record<string, Metric>> {
    const rows = this.labels.length;
    this.#baseline ??= {
      inertia: finite(scatterAround(rows, (places) => this.encoded(places), BLOCK_ROWS)),
      ...(this.compared === null || this.compared.labels === 0 ? {} : { ari: 0 }),
    };
    return this.#baseline;
  }

  warnings({ additional }: EpochMetrics): readonly string[] {
    const silhouette = additional['silhouette'] ?? null;
    const found = additional['n_clusters'] ?? null;
    const noise = additional['n_noise'] ?? 0;
    const alone = `The model found ${found} cluster${found === 1 ? '' : 's'}${noise === 0 ? '' : `, and ${noise} rows in none`}, so there is no silhouette.`;
    const poor =
      'rows lie on average no nearer to their own cluster than to the next one. Try another number of clusters, or other columns.';
    return [
      ...(found !== null && found < 2 ? [alone] : []),
      ...(silhouette !== null && silhouette <= 0 ? [`The silhouette is ${silhouette.toFixed(3)}: ${poor}`] : []),
    ];
  }
}
