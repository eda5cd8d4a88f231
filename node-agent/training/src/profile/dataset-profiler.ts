import { statSync } from 'node:fs';
import type { InstalledContext } from '@trainer/actor';
import { isTrainerError, type ProfileAnswer, type Profiler, type ProfileRequest, toErrorData } from '@trainer/model';
import { systemClock } from '@trainer/runtime';
import { DatasetChangedError, DatasetError, NoFeaturesError, TargetError, TooFewRowsError, UnknownColumnError } from '../data/errors.js';
import { MAX_UNPACKED_BYTES } from '../data/limits.js';
import { openDataset } from '../data/open-dataset.js';
import { asDiskError } from '../rank/disk-full.js';
import { fetchDataset } from '../rank/fetch-dataset.js';
import { ColumnTooLargeError } from './errors.js';
import { profileDataset } from './profile-dataset.js';

/** What this process takes with nothing read: Node, its code, and what readers keep. */
const OWN_BYTES = 192 * 2 ** 20;
/** A person waits, and would rather hear that the store or a disk is at fault than that time is up. */
const PATIENCE_MS = 3_000;
/** Rows are counted in 32 bits. */
const MAX_ROWS = 2 ** 31 - 1;

/** The system actor that looks at one dataset: what it holds, and what a training would make of it. */
export class DatasetProfiler implements Profiler {
  constructor(
    private readonly context: InstalledContext,
    private readonly request: ProfileRequest,
  ) {}

  /** Never throws what the dataset, the store or the disk is to blame for: it is an answer. */
  async profile(): Promise<ProfileAnswer> {
    try {
      return await this.#profile();
    } catch (thrown) {
      const error = asDiskError(thrown, 'the data folder of its agent');
      if (error instanceof DatasetChangedError) return { kind: 'changed' };
      if (error instanceof ColumnTooLargeError) return { kind: 'needs-memory', ...error.facts };
      if (isDatasetError(error)) return { kind: 'refused', error: toErrorData(error), about: subjectOf(error) };
      if (isTrainerError(error)) return { kind: 'failed', error: toErrorData(error) };
      throw error;
    }
  }

  async #profile(): Promise<ProfileAnswer> {
    const { context, request } = this;
    const retries = { clock: systemClock(), random: Math.random, signal: context.signal, patienceMs: PATIENCE_MS };
    const { path, fingerprint } = await fetchDataset(context.openStore(), request, context.scratchDir, retries);
    // Half for the columns, half for what reads them.
    const columnBytes = Math.max(0, request.memoryBytes - OWN_BYTES) / 2;
    const dataset = await openDataset(path, request.key, {
      maxRows: MAX_ROWS,
      maxUnpackedBytes: MAX_UNPACKED_BYTES,
      threads: context.threads,
      fingerprint,
    });
    try {
      const room = { columnBytes, fileBytes: fileBytes(path) };
      return { kind: 'profile', profile: await profileDataset(dataset, request, room, nextTurn) };
    } finally {
      dataset.close();
    }
  }
}

function isDatasetError(error: unknown): error is DatasetError {
  return error instanceof DatasetError;
}

function subjectOf(error: DatasetError): 'dataset' | 'target_column' {
  const isOfTarget =
    error instanceof TargetError ||
    error instanceof UnknownColumnError ||
    error instanceof NoFeaturesError ||
    error instanceof TooFewRowsError;
  return isOfTarget ? 'target_column' : 'dataset';
}

/** A packed file lies unpacked beside itself. */
function fileBytes(path: string): number {
  return Math.max(...[path, `${path}.unpacked`].map((each) => statSync(each, { throwIfNoEntry: false })?.size ?? 0));
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
