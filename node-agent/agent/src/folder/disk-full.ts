import { TrainerError } from '@trainer/model';

/** A disk of this machine has no room left. */
export class DiskFullError extends TrainerError<'node.disk-full', { folder: string }> {
  constructor(folder: string, cause: unknown) {
    super('node.disk-full', `There is no space left on the disk of ${folder}; free some space.`, { folder }, 'elsewhere', { cause });
  }
}

/** Full disks, and quotas that are used up. */
const FULL: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT']);

/** @returns the error, told with the folder that was written to where its disk is full */
export function asDiskError(folder: string, error: unknown): unknown {
  return FULL.has((error as NodeJS.ErrnoException | null)?.code) ? new DiskFullError(folder, error) : error;
}
