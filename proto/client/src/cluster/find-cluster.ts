import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ClusterUnavailableError, UnauthenticatedError } from '../errors.js';
import type { HeadAddress } from '../head/head-door.js';

/** Where to look for a cluster. */
export interface ClusterHints {
  /** host:port of the head; with a token. */
  readonly address?: string;
  readonly token?: string;
  /** The folder of an embedded cluster on this machine. */
  readonly home?: string;
}

/** What of the surroundings decides where a cluster is looked for. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
  readonly now: number;
}

/**
 * Finds the head: what the program says, else TRAINER_ADDRESS and TRAINER_TOKEN, else the embedded cluster of TRAINER_HOME, else
 * that of the nearest folder named `.trainer`, upwards from the current one.
 * @throws ClusterUnavailableError when no cluster is named and none has left its address.
 * @throws UnauthenticatedError when there is an address but no token.
 */
export async function findCluster(hints: ClusterHints, { environment, folder, now }: Surroundings): Promise<HeadAddress> {
  const address = hints.address ?? (hints.home === undefined ? environment['TRAINER_ADDRESS'] : undefined);
  if (address) {
    const secret = hints.token ?? environment['TRAINER_TOKEN'];
    if (!secret) throw new UnauthenticatedError('auth.missing', address);
    return { address, secret };
  }
  const home = hints.home ?? environment['TRAINER_HOME'];
  const candidates = home ? [resolve(folder, home)] : upwards(folder).map((parent) => join(parent, '.trainer'));
  for (const candidate of candidates) {
    const found = await readHome(candidate);
    if (found) return hints.token === undefined ? found : { ...found, secret: hints.token };
  }
  const where = home ? `in ${resolve(folder, home)}` : `in a folder .trainer here or above (${folder})`;
  throw new ClusterUnavailableError(
    [],
    now,
    `No cluster runs ${where}: start one with \`npm start\`, or set TRAINER_ADDRESS and TRAINER_TOKEN to those of a running one`,
  );
}

function upwards(folder: string): readonly string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...upwards(parent)];
}

/** What the launcher leaves in the folder of a running cluster. @returns null when there is none. */
async function readHome(home: string): Promise<HeadAddress | null> {
  const [file, secret] = await Promise.all([readIfThere(join(home, 'cluster.json')), readIfThere(join(home, 'secret'))]);
  if (file === null || secret === null) return null;
  const { address } = JSON.parse(file) as { address?: unknown };
  return typeof address === 'string' ? { address, secret: secret.trim() } : null;
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ENOTDIR') return null;
    throw error;
  }
}
