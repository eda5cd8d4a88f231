import type { LeaseId } from '@trainer/model';
import type { ObjectAccess } from '@trainer/storage';

/**
 * What a class of an installed package of ours is given, as its constructor's first argument; a class of users is given its creator's
 * arguments alone.
 */
export interface InstalledContext {
  readonly leaseId: LeaseId;
  /** Aborted when the process is asked to stop; it is killed a few seconds later. */
  readonly signal: AbortSignal;
  /** A folder of this lease alone; the agent removes it when the process is gone. */
  readonly scratchDir: string;
  /** Where the native parts lie (XGBoost's library). */
  readonly nativeDir: string;
  /** CPUs leased, at least 1; already in the environment for OpenMP and OpenBLAS. */
  readonly threads: number;
  /** Opens the object store, of which the lease sees what it needs. @throws StoreUnavailableError */
  openStore(): Promise<ObjectAccess>;
  /** Writes one line to the lease's log. */
  log(line: string): void;
}
