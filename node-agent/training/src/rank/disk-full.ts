import { TrainerError } from '@trainer/model';

/** The node has no room for the files of a rank. The table and the request are in order: there, or elsewhere, it goes on. */
export class DiskFullError extends TrainerError<'node.disk-full', { folder: string }> {
  constructor(folder: string, cause: unknown) {
    super('node.disk-full', `There is no space left on the node's disk (${folder}); free some space.`, { folder }, 'same', { cause });
  }
}

/** No space left; a quota that is used up. */
const FULL: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT']);

/** @returns the error of a file's write, in our words where the disk is full */
export function asDiskError(error: unknown, folder: string): unknown {
  return FULL.has((error as NodeJS.ErrnoException | null)?.code) ? new DiskFullError(folder, error) : error;
}
