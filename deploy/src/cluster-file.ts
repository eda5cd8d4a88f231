import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TrainerError } from '@trainer/model';
import { z } from 'zod';
import { portOf } from './embedded/ports.js';

const ClusterFile = z.object({ address: z.string(), restUrl: z.string().nullable(), pid: z.int(), version: z.string() });
/** What a running embedded cluster tells of itself in its data folder, for the command line and clients. */
export type ClusterFile = z.infer<typeof ClusterFile>;

/** No cluster of this data folder runs. */
export class NoClusterError extends TrainerError<'cluster.not-running', { home: string }> {
  constructor(home: string) {
    super(
      'cluster.not-running',
      `No cluster runs on ${home}: start one with npm start, or name another with TRAINER_HOME or TRAINER_ADDRESS.`,
      { home },
    );
  }
}

const NAME = 'cluster.json';

/** Whole or not at all, for the owner alone. */
export async function writeClusterFile(home: string, cluster: ClusterFile): Promise<void> {
  const file = join(home, NAME);
  await writeFile(`${file}.new`, JSON.stringify(cluster), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** @throws NoClusterError when there is none, or it can't be read. */
export async function readClusterFile(home: string): Promise<ClusterFile> {
  const text = await readFile(join(home, NAME), 'utf8').catch(() => null);
  const read = text === null ? null : ClusterFile.safeParse(JSON.parse(text));
  if (!read?.success) throw new NoClusterError(home);
  return read.data;
}

/** @returns the port of the head that ran last on this data folder; undefined: none did */
export async function headPortBefore(home: string): Promise<number | undefined> {
  const before = await readClusterFile(home).catch(() => null);
  return before === null ? undefined : portOf(before.address);
}
