import type { Collective } from '@trainer/actor';
import { InvalidRequestError } from '@trainer/model';
import { openblasEngine } from '../engines/openblas-engine.js';
import { rowsToTry, triedCounts, type Tried } from '../kernels/kmeans/choose-count.js';
import { nearest, squaredDistance, turned, type Nearest } from '../kernels/kmeans/distances.js';
import { Lloyd, problemOf, type Problem } from '../kernels/kmeans/lloyd.js';
import type { Products } from '../kernels/kmeans/inexact-distances.js';
import { RowSpace } from '../kernels/kmeans/row-space.js';
import { randomRows, spreadRows } from '../kernels/kmeans/seeding.js';
import type {
  Engine,
  FeatureMatrix,
  Learner,
  LearnerInit,
  NativeDescription,
  Part,
  Predictions,
  TrainedModel,
  Work,
} from '../learning/learner.js';
import { TrainingStateError } from '../learning/errors.js';
import { nearestCentreInOnnx } from '../onnx/nearest-centre.js';
import { seededSource } from '../split/random-source.js';
import { NUMBERS_A_ROW } from '../tasks/cluster-predictions.js';

/** Clusters around means. */
export function openEngine(nativeDir: string): Promise<Engine> {
  return openblasEngine(nativeDir, (algebra, ...given) => {
    // Its products are so small that threads take more time to wait for each other than they save.
    algebra.setThreads(1);
    return new KMeans(algebra, ...given);
  });
}

/** What scikit-learn has where nothing is sent. */
const DEFAULT_CLUSTERS = 8;
const RANDOM_RESTARTS = 10;
/** Keeps the seeds of restarts apart from those of jobs whose seeds follow each other (2^32 over the golden ratio). */
const NEXT_SEED = 0x9e3779b9;

interface Settings {
  readonly clusters: number | 'auto' | null;
  readonly init: 'k-means++' | 'random';
  readonly restarts: number;
  readonly iterations: number;
  readonly tol: number;
}

function settingsOf({ hyperparameters: values }: LearnerInit): Settings {
  const { n_clusters: clusters = null, n_init: restarts, init } = values;
  const isRandom = init === 'random';
  return {
    clusters: typeof clusters === 'number' || clusters === 'auto' ? clusters : null,
    init: isRandom ? 'random' : 'k-means++',
    restarts: typeof restarts === 'number' ? restarts : isRandom ? RANDOM_RESTARTS : 1,
    iterations: Number(values['max_iter']),
    tol: Number(values['tol']),
  };
}

/** A model, and how it came about. */
interface Fit {
  /** Row-major `clusters x columns`; never changed. */
  readonly centres: Float64Array;
  /** The sum of the rows' squared distances to their centres; NaN: nobody needed it. */
  readonly inertia: number;
  /** Centres that have any row; 0: not counted yet. */
  readonly occupied: number;
  /** Its centres are still; else there were no iterations left. */
  readonly isStill: boolean;
}

/** Between two epochs. */
interface State {
  /** Of clusters; how it was found, where it was not sent. */
  readonly count: number;
  readonly tried: readonly Tried[];
  /** Of the restart that is under way, from 0. */
  readonly restart: number;
  readonly iteration: number;
  /** null: it has not begun. */
  readonly current: Fit | null;
  /** Of the restarts that have ended. */
  readonly best: Fit | null;
  readonly kept: Fit | null;
}

/**
 * Restarts follow one another, and their iterations, n_init times max_iter at most, are spread evenly over the epochs. The model after an
 * epoch is the best so far, the restart that is under way included; the last restart to converge ends the training.
 */
class KMeans implements Learner {
  readonly epochs: number;
  readonly snapshots = 'exact';
  readonly #settings: Settings;
  readonly #predictions = new Map<Part, Predictions>();
  #state: State = { count: 0, tried: [], restart: 0, iteration: 0, current: null, best: null, kept: null };
  #problem: Problem | null = null;
  #lloyd: Lloyd | null = null;
  #recalled: Fit | null = null;

  constructor(
    private readonly products: Products,
    private readonly init: LearnerInit,
    private readonly team: Collective,
  ) {
    this.#settings = settingsOf(init);
    this.epochs = Math.min(init.epochs, this.#settings.restarts * this.#settings.iterations);
  }

  async step(epoch: number, work: Work): Promise<'more' | 'done'> {
    this.#recalled = null;
    const total = this.#settings.restarts * this.#settings.iterations;
    const due = Math.floor((total * epoch) / this.epochs) - Math.floor((total * (epoch - 1)) / this.epochs);
    work.tick(0);
    const problem = (this.#problem ??= await this.#open((share) => work.tick(share / due / 4)));
    for (let done = 0; done < due; done += 1) {
      const tick = (share: number): void => work.tick((done + 0.25 + share * 0.75) / due);
      if (await this.#iterate(problem, tick)) return 'done';
    }
    const { current, best } = this.#state;
    // Of one restart there is nothing to compare.
    if (this.#lloyd && current && best) this.#set({ current: { ...current, inertia: await this.#lloyd.inertia() } });
    return 'more';
  }

  #set(changes: Partial<State>): void {
    this.#state = { ...this.#state, ...changes };
  }

  async #open(tick: (share: number) => void): Promise<Problem> {
    const space = await RowSpace.open(this.init.train.features, this.team);
    if (this.#state.count === 0) this.#set(await this.#chosenCount(space, tick));
    const { count } = this.#state;
    if (count > space.rows) {
      const message = `n_clusters is ${count}, more than the ${space.rows} rows of the table; send at most ${space.rows}`;
      throw new InvalidRequestError([{ path: ['hyperparameters', 'n_clusters'], message, type: 'conflict' }]);
    }
    return problemOf(space, this.products, count, this.#settings.tol);
  }

  async #chosenCount(space: RowSpace, tick: (share: number) => void): Promise<Pick<State, 'count' | 'tried'>> {
    const { clusters } = this.#settings;
    if (clusters !== 'auto') return { count: clusters ?? (this.init.classCount || DEFAULT_CLUSTERS), tried: [] };
    const rows = await rowsToTry(space, seededSource(this.init.seed));
    const tried = await triedCounts(rows, this.products, this.init.seed, tick);
    const best = tried.reduce<Tried>((most, one) => (one.silhouette > most.silhouette ? one : most), { count: 1, silhouette: -Infinity });
    return { count: best.count, tried };
  }

  /** @returns true where it was the last one of the last restart */
  async #iterate(problem: Problem, tick: (share: number) => void): Promise<boolean> {
    const { restart, iteration, current } = this.#state;
    const begun = this.#lloyd ?? (await this.#begin(problem, current, (share) => tick(share / 2)));
    this.#lloyd = begun;
    const isStill = await begun.iterate((share) => tick((1 + share) / 2));
    const fit: Fit = { centres: begun.centres, inertia: NaN, occupied: 0, isStill };
    const isOver = isStill || iteration + 1 === this.#settings.iterations;
    this.#set({ iteration: iteration + 1, current: fit });
    if (!isOver) return false;
    const ended: Fit = { ...fit, inertia: await begun.inertia(), occupied: await begun.occupied() };
    const { best } = this.#state;
    this.#lloyd = null;
    this.#set({ restart: restart + 1, iteration: 0, current: null, best: best !== null && best.inertia <= ended.inertia ? best : ended });
    return restart + 1 === this.#settings.restarts;
  }

  async #begin(problem: Problem, current: Fit | null, tick: (share: number) => void): Promise<Lloyd> {
    if (current !== null) return Lloyd.start(problem, current.centres, tick);
    const random = seededSource(this.init.seed + this.#state.restart * NEXT_SEED);
    const { space, count } = problem;
    const isSpread = this.#settings.init === 'k-means++';
    const first = isSpread ? await spreadRows(problem, random, (share) => tick(share / 2)) : await randomRows(space, count, random);
    return Lloyd.start(problem, first, (share) => tick((1 + share) / 2));
  }

  /** The model as it is now. */
  get #fit(): Fit {
    const { current, best } = this.#state;
    const fit = this.#recalled ?? (current && best ? (best.inertia <= current.inertia ? best : current) : (current ?? best));
    if (fit === null) throw new RangeError('No epoch has been trained.');
    return fit;
  }

  async predict(part: Part): Promise<Predictions> {
    const { features } = this.init[part];
    const out = this.#predictions.get(part) ?? new Float64Array(features.rows * NUMBERS_A_ROW);
    this.#predictions.set(part, out);
    const { centres } = this.#fit;
    const isKnown = part === 'train' && this.#lloyd?.centres === centres;
    return isKnown ? distancesTo(centres, features, this.#lloyd?.clusters ?? new Int32Array(0), out) : predicted(centres, features, out);
  }

  remember(): void {
    this.#set({ kept: this.#fit });
  }

  recall(): void {
    this.#recalled = this.#state.kept;
  }

  async snapshot(): Promise<Uint8Array> {
    return Buffer.from(JSON.stringify(this.#state, (_, value: unknown) => (value instanceof Float64Array ? [...value] : value)));
  }

  async restore(state: Uint8Array): Promise<void> {
    this.#state = JSON.parse(Buffer.from(state).toString(), (name, value: unknown) =>
      name === 'centres' ? Float64Array.from(value as number[]) : name === 'inertia' && value === null ? NaN : value,
    ) as State;
    const { current, best } = this.#state;
    const held = (current ?? best)?.centres.length ?? 0;
    const due = this.#state.count * this.init.train.features.columns;
    if (held !== due) throw new TrainingStateError({ epoch: this.#state.iteration, due, held });
    this.#problem = null;
    this.#lloyd = null;
    this.#recalled = null;
  }

  async model(): Promise<TrainedModel> {
    const { columns } = this.init.train.features;
    return centresModel(this.#fit.centres, columns);
  }

  warnings(): readonly string[] {
    const { count, tried } = this.#state;
    const { clusters, iterations } = this.#settings;
    const { occupied, isStill } = this.#fit;
    const silhouettes = tried.map((one) => `${one.count}: ${one.silhouette.toFixed(3)}`).join(', ');
    const found =
      silhouettes === ''
        ? 'no number of them gave a silhouette'
        : `of the silhouettes on some of the rows (${silhouettes}) its is the greatest`;
    const isOfLabels = clusters === null && this.init.classCount > 0;
    const isFewer = occupied > 0 && occupied < count;
    return [
      ...(isOfLabels ? [`n_clusters was not sent: it is ${count}, the number of labels of the target column.`] : []),
      ...(clusters === 'auto' ? [`n_clusters is ${count}: ${found}.`] : []),
      ...(isFewer ? [`Only ${occupied} of ${count} clusters have rows; some rows may be the same. Send a smaller n_clusters.`] : []),
      ...(isStill ? [] : [`The centres still moved after max_iter (${iterations}) iterations. A larger max_iter lets them settle.`]),
    ];
  }

  close(): void {
    this.#lloyd = null;
  }
}

/** Of rows whose clusters are known. */
function distancesTo(centres: Float64Array, { values, rows, columns }: FeatureMatrix, clusters: Int32Array, out: Predictions): Predictions {
  for (let row = 0; row < rows; row += 1) {
    const cluster = clusters[row] ?? 0;
    out[row * NUMBERS_A_ROW] = cluster;
    out[row * NUMBERS_A_ROW + 1] = squaredDistance(values, row * columns, centres, cluster * columns, columns);
  }
  return out;
}

function predicted(centres: Float64Array, features: FeatureMatrix, out: Predictions): Predictions {
  const clusters = new Int32Array(features.rows);
  eachNearest(centres, features, features.columns, ({ cluster }, row) => (clusters[row] = cluster));
  return distancesTo(centres, features, clusters, out);
}

/** @param columns that the centres have: those beyond them are read by nobody */
function eachNearest(centres: Float64Array, features: FeatureMatrix, columns: number, visit: (found: Nearest, row: number) => void): void {
  const found: Nearest = { cluster: 0, distance: 0, next: 0 };
  const across = turned(centres, columns);
  for (let row = 0; row < features.rows; row += 1) {
    nearest(features.values, row * features.columns, across, found);
    visit(found, row);
  }
}

/** The file: `centers[i]` is the mean of cluster i in encoded columns; a row belongs to the nearest, ties to the lower number. */
interface CentresFile {
  readonly centers: readonly (readonly number[])[];
}

function centresModel(centres: Float64Array, columns: number): TrainedModel {
  const centers = Array.from({ length: centres.length / columns }, (_, c) => [...centres.subarray(c * columns, (c + 1) * columns)]);
  const fileOf = (description: NativeDescription | null): Uint8Array =>
    Buffer.from(JSON.stringify({ format: 'trainer-centres', format_version: 1, centers, ...description }));
  return {
    native: {
      ending: '_centres.json',
      bytes: fileOf(null),
      described: fileOf,
      predict: (file, rows) => {
        const { centers: read } = JSON.parse(Buffer.from(file).toString()) as CentresFile;
        const out = new Float64Array(rows.rows * NUMBERS_A_ROW);
        eachNearest(Float64Array.from(read.flat()), rows, read[0]?.length ?? 0, ({ cluster, distance }, row) =>
          out.set([cluster, distance], row * NUMBERS_A_ROW),
        );
        return out;
      },
    },
    importance: null,
    leads: (rows) => {
      const leads = new Float64Array(rows.rows);
      eachNearest(centres, rows, columns, ({ distance, next }, row) => {
        leads[row] = next === Infinity ? 1 : next === 0 ? 0 : (next - distance) / next;
      });
      return leads;
    },
    addTo: (graph, features) => ({ kind: 'clusters', cluster: nearestCentreInOnnx(graph, features, centres, columns) }),
  };
}
