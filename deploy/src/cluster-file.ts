import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CLUSTER_FILE, type ClusterFile } from '@trainer/client/internal';
import { portOf } from './embedded/ports.js';

/** Outlives the cluster, as programs that outlive it look for its head where it was. */
const HEAD_PORT_FILE = 'head-port';

/** Tells how the cluster of this folder is reached. */
export async function writeClusterFile(home: string, cluster: ClusterFile): Promise<void> {
  await writeWhole(join(home, HEAD_PORT_FILE), String(portOf(cluster.address)));
  await writeWhole(join(home, CLUSTER_FILE), JSON.stringify(cluster));
}

/** No cluster of this folder runs any more. */
export async function removeClusterFile(home: string): Promise<void> {
  await rm(join(home, CLUSTER_FILE), { force: true });
}

/** @returns the port of the head that ran last on this data folder; undefined: none did */
export async function headPortBefore(home: string): Promise<number | undefined> {
  const text = await readFile(join(home, HEAD_PORT_FILE), 'utf8').catch(() => '');
  return /^\d{1,5}$/.test(text) ? Number(text) : undefined;
}

/** Whole or not at all, for the owner alone. */
async function writeWhole(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
