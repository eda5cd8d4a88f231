import type { CatalogEntry, Millis, Resources, TableShape, TrainRequest } from '@trainer/model';
import type { EstimatedTable } from '../estimates/estimated-table.js';
import type { NodeEntry } from '../nodes/node-table.js';
import type { Want } from '../scheduling/demand.js';
import type { JobRecord } from './job-record.js';

/** Below it a second thread gains some 0.2 s at most, and takes a CPU from another job (docs/adr/0003). */
const SMALL_DATASET_BYTES = 8 * 2 ** 20;
const ONE_CPU = 1000;
/** More threads than this give little to one model. */
const MOST_CPUS = 8;
/**
 * What a table is taken for of which only the file's size is known: cells of so many characters in so many columns, two classes. A rank that
 * reads more than that asks for what it needs before it trains.
 */
const GUESSED = { bytesPerCell: 4, columns: 20, classes: 2, leastRows: 1_000 };
/** What columns and compression may save: the size of such a file says little, so it counts for more. */
const COMPRESSED_RATIO = 8;
/** Data of this size is worth a rank of its own (design.md section 7). */
const BYTES_PER_RANK = 2 ** 30;

type Nodes = readonly Pick<NodeEntry, 'capacity' | 'state' | 'engines' | 'since'>[];

/** What is known of a dataset before it is read. */
export interface SizedDataset {
  /** Of its file. */
  readonly bytes: number;
  /** null: nothing but its file's size is known. */
  readonly table: EstimatedTable | null;
}

/**
 * What one rank leases by default (docs/adr/0003): below 8 MiB of data one CPU, above min(8, the largest node's)
 * CPUs; memory by the catalog's formula for the table as it was estimated, as it is not read yet, and never more than the largest node has, so that the estimate alone makes no job infeasible.
 */
export function resourcesFor(
  request: Pick<TrainRequest, 'dataId' | 'hyperparameters'>,
  dataset: SizedDataset,
  entry: CatalogEntry,
  nodes: Nodes,
): Resources {
  const textBytes = textBytesOf(request, dataset);
  const { memoryBytes } = entry.limits(dataset.table ?? guessedTable(textBytes), request.hyperparameters);
  const largest = largestOf(nodes);
  const cpus = textBytes < SMALL_DATASET_BYTES ? 1 : Math.min(MOST_CPUS, Math.max(1, Math.floor((largest?.cpuMilli ?? ONE_CPU) / ONE_CPU)));
  return { cpuMilli: cpus * ONE_CPU, memoryBytes: capped(memoryBytes, largest), gpuMilli: 0 };
}

/**
 * Does it count to MAX_PARALLEL_JOBS? A rank whose node is lost holds nothing that could be given out; if it counted, a job would wait
 * until nothing of its own last attempt can live any more.
 */
export function holdsLeases({ ranks }: Pick<JobRecord, 'ranks'>): boolean {
  return ranks.some(({ state }) => state !== 'ended' && state !== 'lost' && state !== 'gone');
}

/** It waits until its table was looked at, and then for a place. */
export function waitsForPlace({ job, table }: JobRecord): boolean {
  return job.phase === 'queued' && table !== undefined;
}

/** When it is, and how long after a node has joined a gang that is not placed yet counts on others that follow. */
export interface DemandTime {
  readonly now: Millis;
  readonly lateNodesMs: Millis;
}

/** Jobs for which it is the same want the same, whatever the nodes are: all of a record that `wantOf` may look at. */
export function likenessOf({ job, shape, table, outOfMemory, neededMemoryBytes }: JobRecord): string {
  const { modelId, dataId, epochs, batchSize, numWorkers, hyperparameters, useGpu } = job.request;
  const asked = [modelId, dataId, job.dataset.bytes, epochs, batchSize, numWorkers, hyperparameters, useGpu];
  return JSON.stringify([...asked, shape, table, outOfMemory, neededMemoryBytes ?? 0]);
}

/**
 * What a job's next attempt asks for; null: it does not wait for one. A gang has as many ranks as its first attempt had,
 * at first as `num_workers` says; fewer where the nodes of today could not hold them even if nothing else ran, and no node has joined
 * just now.
 */
export function wantOf(record: JobRecord, entry: CatalogEntry, nodes: Nodes, { now, lateNodesMs }: DemandTime): Want | null {
  const { job, shape, table = null, outOfMemory, neededMemoryBytes = 0 } = record;
  if (!waitsForPlace(record)) return null;
  const able = nodes.filter((node) => node.state !== 'lost' && hasEngine(node, entry.engine));
  const largest = largestOf(able);
  const first = resourcesFor(job.request, { bytes: job.dataset.bytes, table }, entry, able);
  const base = shape ? { ...first, cpuMilli: capToCpus(shape.grant.cpuMilli, largest), memoryBytes: shape.grant.memoryBytes } : first;
  const bundle = { ...base, memoryBytes: capped(Math.max(base.memoryBytes, neededMemoryBytes) * 2 ** outOfMemory, largest) };
  const wanted = entry.ranks === null ? 1 : (shape?.worldSize ?? ranksOf(record, able.length));
  const isGrowing = able.length === 0 || able.some((node) => now - node.since < lateNodesMs);
  return { kind: 'job', bundles: gangOf(wanted, bundle, able, isGrowing && !shape), needsEngine: entry.engine };
}

/**
 * As many ranks as were asked for, where 0 means 1. Where nothing was said one, as one rank with more threads beats several on a node;
 * of large data one for each GiB, on a node of its own.
 */
function ranksOf({ job: { request, dataset }, table = null }: JobRecord, nodes: number): number {
  if (request.numWorkers !== null) return Math.max(1, request.numWorkers);
  return Math.max(1, Math.min(nodes, Math.ceil(textBytesOf(request, { bytes: dataset.bytes, table }) / BYTES_PER_RANK)));
}

function guessedTable(textBytes: number): TableShape {
  const cells = textBytes / GUESSED.bytesPerCell;
  return {
    rows: Math.max(GUESSED.leastRows, Math.ceil(cells / (GUESSED.columns + 1))),
    columns: GUESSED.columns,
    classes: GUESSED.classes,
  };
}

/** What the table has as plain text, or more. */
function textBytesOf({ dataId }: Pick<TrainRequest, 'dataId'>, { bytes, table }: SizedDataset): number {
  if (!isCompressed(dataId)) return bytes;
  return table ? table.rows * (table.columns + 1) * GUESSED.bytesPerCell : bytes * COMPRESSED_RATIO;
}

/**
 * Equal bundles, one a rank: with as many CPUs as let all ranks run at once on these nodes, at most those of `bundle`; where not even
 * one CPU each does, as many ranks as there is room for, unless `isWhole`.
 */
function gangOf(ranks: number, bundle: Resources, nodes: Nodes, isWhole: boolean): readonly Resources[] {
  if (ranks === 1) return [bundle];
  let { cpuMilli } = bundle;
  while (cpuMilli > ONE_CPU && roomFor({ ...bundle, cpuMilli }, nodes) < ranks) cpuMilli -= ONE_CPU;
  const one = { ...bundle, cpuMilli };
  const room = Math.max(1, roomFor(one, nodes));
  return Array.from({ length: isWhole ? ranks : Math.min(ranks, room) }, () => one);
}

/** How many such bundles the nodes hold when they are empty. */
function roomFor(bundle: Resources, nodes: Nodes): number {
  return nodes.reduce((sum, { capacity }) => {
    const byMemory = bundle.memoryBytes > 0 ? Math.floor(capacity.memoryBytes / bundle.memoryBytes) : Infinity;
    return sum + Math.min(Math.floor(capacity.cpuMilli / bundle.cpuMilli), byMemory);
  }, 0);
}

function hasEngine(node: Nodes[number], engine: string | null): boolean {
  return engine === null || node.engines.some((state) => state.engine === engine && state.unavailable === null);
}

interface Largest {
  readonly cpuMilli: number;
  readonly memoryBytes: number;
}

/** The most of each that a node of today has; null without nodes. */
function largestOf(nodes: Nodes): Largest | null {
  const today = nodes.filter((node) => node.state !== 'lost').map((node) => node.capacity);
  if (today.length === 0) return null;
  return {
    cpuMilli: Math.max(...today.map((capacity) => capacity.cpuMilli)),
    memoryBytes: Math.max(...today.map((capacity) => capacity.memoryBytes)),
  };
}

function capped(memoryBytes: number, largest: Largest | null): number {
  return largest ? Math.min(memoryBytes, largest.memoryBytes) : memoryBytes;
}

function capToCpus(cpuMilli: number, largest: Largest | null): number {
  return largest ? Math.max(ONE_CPU, Math.min(cpuMilli, Math.floor(largest.cpuMilli / ONE_CPU) * ONE_CPU)) : cpuMilli;
}

function isCompressed(dataId: string): boolean {
  return dataId.endsWith('.gz') || dataId.endsWith('.parquet');
}
