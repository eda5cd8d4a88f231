import type { FileWindow } from './file-window.js';
import { RangeReader } from './range-reader.js';
import type { Chunk, ReadFinds, ReadPlan } from './read-plan.js';
import { scanRange, type Range, type ScannedRange } from './scan-range.js';

/** What a thread is asked to do; all threads of a job take its parts from one counter, in their order. */
export type CrewJob =
  | { readonly kind: 'scan'; readonly separator: number; readonly ranges: readonly Range[]; readonly taken: Int32Array }
  | {
      readonly kind: 'read';
      readonly plan: ReadPlan;
      readonly chunks: readonly Chunk[];
      readonly taken: Int32Array;
      /** Which thread read a chunk. */
      readonly readers: Int32Array;
    };

/** One thread's part of a job. */
export type CrewFinds =
  | { readonly kind: 'scan'; readonly ranges: readonly { readonly index: number; readonly found: ScannedRange | null }[] }
  | { readonly kind: 'read'; readonly finds: ReadFinds };

/** Does a thread's part of the job. @throws RangeError where a chunk has other records than were counted, which is a fault of ours */
export function doJob(file: FileWindow, job: CrewJob, thread: number): CrewFinds {
  return job.kind === 'scan' ? scan(file, job) : read(file, job, thread);
}

function scan(file: FileWindow, { ranges, separator, taken }: Extract<CrewJob, { kind: 'scan' }>): CrewFinds {
  const found: { index: number; found: ScannedRange | null }[] = [];
  for (let index = take(taken); index < ranges.length; index = take(taken)) {
    const range = ranges[index];
    if (range) found.push({ index, found: scanRange(file, range, index === 0 ? range.start : null, separator) });
  }
  return { kind: 'scan', ranges: found };
}

function read(file: FileWindow, { plan, chunks, taken, readers }: Extract<CrewJob, { kind: 'read' }>, thread: number): CrewFinds {
  const reader = new RangeReader(plan);
  for (let index = take(taken); index < chunks.length; index = take(taken)) {
    const chunk = chunks[index];
    if (!chunk) continue;
    readers[index] = thread;
    const { bytes, length } = file.load(chunk.first, chunk.next);
    const rows = reader.read(bytes, length, chunk.first, chunk.row);
    if (rows === chunk.records) continue;
    const finds = reader.finds();
    // The parts before this one are done, here or by other threads: the first such record of all is found.
    if (finds.ragged) return { kind: 'read', finds };
    throw new RangeError(`${rows} records were read at ${chunk.first} where ${chunk.records} were counted`);
  }
  return { kind: 'read', finds: reader.finds() };
}

function take(taken: Int32Array): number {
  return Atomics.add(taken, 0, 1);
}
