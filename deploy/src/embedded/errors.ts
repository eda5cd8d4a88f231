import { TrainerError } from '@trainer/model';
import type { LockOwner } from '@trainer/runtime';

/** The data folder belongs to a cluster that runs, or to one that was killed and does not end. */
export class DataFolderInUseError extends TrainerError<'data-folder.in-use', { folder: string; pid: number; isEnding: boolean }> {
  constructor(folder: string, { pid, isEnding }: LockOwner) {
    super(
      'data-folder.in-use',
      isEnding
        ? `Process ${String(pid)} of the cluster that ran on ${folder} before does not end: end it with kill -9 ${String(pid)}, then start again.`
        : `The data folder ${folder} is in use by process ${String(pid)}: stop that cluster, or name another folder with TRAINER_HOME.`,
      { folder, pid, isEnding },
    );
  }
}

/** The data folder was made by a version of Trainer that stores its data in another way. */
export class DataFolderVersionError extends TrainerError<'data-folder.version', { folder: string; found: string; needed: string }> {
  constructor(folder: string, found: string, needed: string) {
    super(
      'data-folder.version',
      `The data folder ${folder} has version ${found} and this Trainer needs ${needed}: use the Trainer that made it, name another folder with ` +
        'TRAINER_HOME, or empty it with npm run trainer -- reset.',
      { folder, found, needed },
    );
  }
}

/** The data folder can't be made or written. */
export class DataFolderAccessError extends TrainerError<'data-folder.access', { folder: string; reason: string }> {
  constructor(folder: string, reason: string, options: { cause: unknown }) {
    super(
      'data-folder.access',
      `The data folder ${folder} can't be used (${reason}): fix its permissions, or name another folder with TRAINER_HOME.`,
      { folder, reason },
      'never',
      options,
    );
  }
}

/** No room is left on the disk of the data folder. */
export class DiskFullError extends TrainerError<'disk.full', { folder: string; freeBytes: number; neededBytes: number }> {
  constructor(folder: string, freeBytes: number, neededBytes: number, options: { cause?: unknown } = {}) {
    super(
      'disk.full',
      `The disk of ${folder} is full (${megabytes(freeBytes)} free, ${megabytes(neededBytes)} needed): free some room, or name a folder on another disk with TRAINER_HOME.`,
      { folder, freeBytes, neededBytes },
      'same',
      options,
    );
  }
}

/** @returns whole megabytes for people to read */
export function megabytes(bytes: number): string {
  return `${String(Math.floor(bytes / 1e6))} MB`;
}

/** Every port of the settable range is taken. */
export class NoFreePortError extends TrainerError<'ports.none-free', { first: number; last: number }> {
  constructor(first: number, last: number) {
    super('ports.none-free', `No port from ${String(first)} to ${String(last)} is free: widen TRAINER_PORTS.`, { first, last });
  }
}

/** An embedded server is not there for this machine, or PostgreSQL can't be run as this user. */
export class ServerUnavailableError extends TrainerError<'server.unavailable', { server: string; reason: string }> {
  constructor(server: string, reason: string) {
    super('server.unavailable', `${server} can't run here: ${reason}`, { server, reason });
  }
}

/** An embedded server did not start, or died so often that it was given up. */
export class ServerFailedError extends TrainerError<'server.failed', { server: string; reason: string; lastLines: readonly string[] }> {
  constructor(server: string, reason: string, lastLines: readonly string[]) {
    const said = lastLines.at(-1);
    super('server.failed', `${server} ${reason}${said === undefined ? '' : `; it last said: ${said}`}`, { server, reason, lastLines });
  }
}
