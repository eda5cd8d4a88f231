import type { Collective } from '@trainer/actor';
import { TrainingStateError } from '../../learning/errors.js';
import type { Learner, LearnerInit, Part, Predictions, TrainedModel, Work } from '../../learning/learner.js';
import { roundsAtEpoch } from '../../learning/rounds.js';
import { pacedBy } from '../pool/pace.js';
import { openPool, type ThreadPool } from '../pool/pool.js';
import { binColumns } from './binned-columns.js';
import { cartKernel, type CartAnswer, type CartJob } from './cart-kernel.js';
import { ForestTooLargeError } from './errors.js';
import { fileBytes, meanOf, predictForest, writeForest, type Forest } from './forest-file.js';
import { addForest } from './forest-onnx.js';
import type { GrowthSettings } from './growth-settings.js';
import { impurityImportance } from './importance.js';
import { joinTrees, separateTrees, viewTree, type Tree } from './tree.js';

/** Before the trees in a snapshot: the epoch and the one that is remembered (0: none), as Uint32. */
const STATE_HEAD_BYTES = 8;
/** What the service keeps of one model file (models.md). */
const MOST_BYTES = 2 ** 30;
/** Cells that trees look at, from which on threads pay: about a second of work, where a thread takes 50 ms to start. */
const CELLS_FOR_THREADS = 3e8;
/** Shares of a step: growing, then what the new trees predict for the validation rows; in the last epoch all trees for the training rows. */
const GROWN = 0.8;
const VALIDATED = 0.85;

/** What trees have been added up for a part of the rows. */
interface Sums {
  readonly values: Float64Array;
  trees: number;
}

const SILENT: Work = { tick: () => undefined };

/**
 * Trees that are averaged. Epochs end at shares of the trees; a tree depends on the seed and its number alone, so threads and ranks
 * change nothing.
 */
export class ForestLearner implements Learner {
  readonly epochs: number;
  readonly snapshots = 'exact';
  readonly #offset: number;
  readonly #width: number;
  readonly #columns: number;
  /** Let go once they are binned. */
  #train: LearnerInit['train'] | null;
  #pool: ThreadPool<CartJob, CartAnswer> | null = null;
  #trees: Tree[] = [];
  readonly #sums = new Map<Part, Sums>();
  readonly #means = new Map<Part, Float64Array>();
  #epoch = 0;
  #remembered = 0;

  /** @param mostBytes of the model's file */
  constructor(
    private readonly init: LearnerInit,
    private readonly settings: GrowthSettings,
    private readonly count: number,
    private readonly team: Collective | null,
    private readonly mostBytes = MOST_BYTES,
  ) {
    const { train, validation } = init;
    this.#train = train;
    this.#columns = train.features.columns;
    this.#width = Math.max(1, settings.classes);
    this.epochs = Math.min(init.epochs, count);
    this.#offset = settings.criterion === 'squared_error' ? meanValue(train.target) : 0;
    for (const [part, { features }] of [['train', train] as const, ['validation', validation] as const])
      this.#sums.set(part, { values: sharedDoubles(features.rows * this.#width), trees: 0 });
  }

  async step(epoch: number, work: Work): Promise<'more' | 'done'> {
    work.tick(0);
    const [from, to] = [this.#treesAt(epoch - 1), this.#treesAt(epoch)];
    const pool = this.#opened(work);
    const grown = await this.#grow(pool, from, to, between(work, 0, GROWN));
    this.#trees.push(...(await this.#exchanged(grown, from, to)));
    this.#checkSize(this.#trees);
    await this.#add('validation', between(work, GROWN, VALIDATED));
    if (epoch === this.epochs) await this.#add('train', between(work, VALIDATED, 1));
    this.#epoch = epoch;
    work.tick(1);
    return 'more';
  }

  async predict(part: Part): Promise<Predictions> {
    await this.#add(part, SILENT);
    const sums = this.#sumsOf(part);
    const mean = this.#means.get(part) ?? new Float64Array(sums.values.length);
    this.#means.set(part, mean);
    mean.set(sums.values);
    return meanOf(mean, Math.max(1, this.#trees.length), this.#offset);
  }

  remember(): void {
    this.#remembered = this.#epoch;
  }

  recall(): void {
    this.#epoch = this.#remembered;
    this.#trees = this.#trees.slice(0, this.#treesAt(this.#epoch));
  }

  async snapshot(): Promise<Uint8Array> {
    const trees = joinTrees(this.#trees);
    const bytes = new Uint8Array(STATE_HEAD_BYTES + trees.length);
    const head = new DataView(bytes.buffer);
    head.setUint32(0, this.#epoch);
    head.setUint32(4, this.#remembered);
    bytes.set(trees, STATE_HEAD_BYTES);
    return bytes;
  }

  async restore(bytes: Uint8Array): Promise<void> {
    const head = new DataView(bytes.buffer, bytes.byteOffset, STATE_HEAD_BYTES);
    const [epoch, remembered] = [head.getUint32(0), head.getUint32(4)];
    const trees = separateTrees(bytes.subarray(STATE_HEAD_BYTES));
    const due = this.#treesAt(epoch);
    if (trees.length !== due) throw new TrainingStateError({ epoch, due, held: trees.length });
    [this.#trees, this.#epoch, this.#remembered] = [trees, epoch, remembered];
    for (const part of this.#sums.keys()) this.#clear(part);
  }

  async model(): Promise<TrainedModel> {
    const forest: Forest = {
      trees: [...this.#trees],
      classes: this.settings.classes,
      columns: this.#columns,
      offset: this.#offset,
    };
    return {
      native: {
        ending: '.safetensors',
        // Made where it is asked for: it may take a GiB.
        get bytes() {
          return writeForest(forest, null);
        },
        described: (description) => writeForest(forest, description),
        predict: predictForest,
      },
      importance: impurityImportance(forest.trees, forest.columns),
      addTo: (graph, features) => addForest(graph, forest, features),
    };
  }

  close(): void {
    this.#pool?.close();
    this.#pool = null;
    this.#train = null;
    this.#sums.clear();
    this.#means.clear();
  }

  #treesAt(epoch: number): number {
    return roundsAtEpoch(this.count, epoch, this.init.epochs);
  }

  /** Bins the training rows, the first time. */
  #opened(work: Work): ThreadPool<CartJob, CartAnswer> {
    if (this.#pool) return this.#pool;
    if (!this.#train) throw new RangeError('The learner is closed.');
    const { features, target } = this.#train;
    const table = binColumns(
      features,
      pacedBy(() => work.tick(0)),
    );
    const cells = features.rows * Math.log2(features.rows + 1) * this.settings.columnsDrawn * this.count;
    const threads = cells < CELLS_FOR_THREADS ? 1 : Math.min(this.init.threads, this.count);
    const { features: others } = this.init.validation;
    const shared = {
      table,
      target: shared64(target, this.#offset),
      settings: this.settings,
      others: { values: threads === 1 ? others.values : sharedFloats(others.values), rows: others.rows },
    };
    this.#pool = openPool('cart', cartKernel, shared, threads);
    this.#train = null;
    return this.#pool;
  }

  /** This rank's trees of those from `from` to `to`, by number. */
  async #grow(pool: ThreadPool<CartJob, CartAnswer>, from: number, to: number, work: Work): Promise<Tree[]> {
    const { rank, worldSize } = this.team ?? { rank: 0, worldSize: 1 };
    const numbers: number[] = [];
    for (let number = from; number < to; number += 1) if (number % worldSize === rank) numbers.push(number);
    const room = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    const held = this.#trees.reduce((sum, tree) => sum + fileBytes(tree), 0);
    room[0] = Math.floor((this.mostBytes - held) / 1024);
    const answers = (await pool.run({ kind: 'grow', numbers, room }, work)).flat();
    const trees = answers.sort((one, other) => one.at - other.at).map(({ bytes }) => viewTree(bytes));
    const isFull = Number(trees.length < numbers.length);
    const [isAnyFull] = this.team ? await this.team.allReduce(Int32Array.of(isFull), 'max') : [isFull];
    if (isAnyFull === 1) throw this.#tooLarge([...this.#trees, ...trees]);
    return trees;
  }

  /** The trees of all ranks by number. */
  async #exchanged(own: Tree[], from: number, to: number): Promise<Tree[]> {
    const { team } = this;
    if (team === null || team.worldSize === 1) return own;
    const parts = (await team.gather(joinTrees(own), 0)).map(separateTrees);
    const all: Tree[] = [];
    if (team.rank === 0)
      for (let number = from; number < to; number += 1) {
        const tree = parts[number % team.worldSize]?.shift();
        if (tree) all.push(tree);
      }
    return separateTrees(await team.broadcast(joinTrees(all), 0));
  }

  #checkSize(trees: readonly Tree[]): void {
    if (trees.reduce((sum, tree) => sum + fileBytes(tree), 0) > this.mostBytes) throw this.#tooLarge(trees);
  }

  #tooLarge(trees: readonly Tree[]): ForestTooLargeError {
    const nodes = trees.reduce((sum, { splits, leaves }) => sum + splits + leaves, 0);
    return new ForestTooLargeError({ trees: trees.length, nodes, limitBytes: this.mostBytes });
  }

  /** Adds what the trees predict that are not in the sums yet. */
  async #add(part: Part, work: Work): Promise<void> {
    const pool = this.#opened(work);
    if (this.#sumsOf(part).trees > this.#trees.length) this.#clear(part);
    const sums = this.#sumsOf(part);
    const trees = this.#trees.slice(sums.trees).map(({ bytes }) => bytes);
    if (trees.length === 0) return;
    // A job that is ended in its midst leaves sums of which nobody knows what is in them.
    sums.trees = Infinity;
    const job = { kind: 'predict', part: part === 'train' ? part : 'others', trees, sums: sums.values, width: this.#width } as const;
    await pool.run(job, work);
    sums.trees = this.#trees.length;
  }

  #sumsOf(part: Part): Sums {
    const sums = this.#sums.get(part);
    if (!sums) throw new RangeError('The learner is closed.');
    return sums;
  }

  #clear(part: Part): void {
    const sums = this.#sumsOf(part);
    sums.values.fill(0);
    sums.trees = 0;
  }
}

/** A part of a step: its shares lie between two of the step's. */
function between(work: Work, from: number, to: number): Work {
  return { tick: (share) => work.tick(from + (to - from) * share) };
}

function meanValue(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value / values.length, 0);
}

function sharedDoubles(length: number): Float64Array {
  return new Float64Array(new SharedArrayBuffer(length * Float64Array.BYTES_PER_ELEMENT));
}

function shared64(values: Float64Array, offset: number): Float64Array {
  const shared = sharedDoubles(values.length);
  for (let at = 0; at < values.length; at += 1) shared[at] = (values[at] ?? 0) - offset;
  return shared;
}

function sharedFloats(values: Float32Array): Float32Array {
  const shared = new Float32Array(new SharedArrayBuffer(values.byteLength));
  shared.set(values);
  return shared;
}
