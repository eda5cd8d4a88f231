import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ClusterUnavailableError, UnauthenticatedError } from '../errors.js';
import type { HeadAddress } from '../head/head-door.js';
import { readClusterFile, readIfThere } from './cluster-file.js';

/** Where to look for a cluster. */
export interface ClusterHints {
  /** host:port of the head, or of each that may lead, separated by commas; with a token. */
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
 * Finds the head: what the program says, else TRAINER_ADDRESS and TRAINER_TOKEN, else the embedded cluster of `homeFolder`.
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
  const home = await homeFolder(hints.home ?? environment['TRAINER_HOME'], folder);
  const found = await readHome(home);
  if (found) return hints.token === undefined ? found : { ...found, secret: hints.token };
  throw new ClusterUnavailableError(
    [],
    now,
    `No cluster runs on ${home}: start one with \`npm start\`, or set TRAINER_ADDRESS and TRAINER_TOKEN to those of a running one`,
  );
}

/**
 * The data folder that is meant: the named one, else the nearest `.trainer` from `folder` upwards that is this user's, else the one of
 * `folder`. Somebody else's in a shared folder would be handed our calls, and its secret be taken for ours.
 */
export async function homeFolder(named: string | undefined, folder: string): Promise<string> {
  if (named) return resolve(folder, named);
  for (const parent of upwards(folder)) {
    const home = join(parent, '.trainer');
    if (await isOurs(home)) return home;
  }
  return join(folder, '.trainer');
}

function upwards(folder: string): readonly string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...upwards(parent)];
}

async function isOurs(home: string): Promise<boolean> {
  const found = await stat(home).catch(() => null);
  return found !== null && (process.getuid === undefined || found.uid === process.getuid());
}

/** @returns how the head of the cluster that runs on a folder is reached; null when none runs */
async function readHome(home: string): Promise<HeadAddress | null> {
  const [file, secret] = await Promise.all([readClusterFile(home), readIfThere(join(home, 'secret'))]);
  return file === null || secret === null ? null : { address: file.address, secret: secret.trim() };
}
