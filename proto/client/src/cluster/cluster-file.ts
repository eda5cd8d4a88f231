import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { processState } from '@trainer/runtime';

/** What a running embedded cluster tells of itself in its data folder. */
export interface ClusterFile {
  /** host:port of the head. */
  readonly address: string;
  /** Of REST, such as http://127.0.0.1:8002; null: the cluster runs without. */
  readonly restUrl: string | null;
  /** The launcher, and when it started. */
  readonly pid: number;
  readonly start: string;
  readonly version: string;
}

/** Its name in the data folder. */
export const CLUSTER_FILE = 'cluster.json';

/** @returns null when no cluster of this folder runs: there is no such file, or its process has ended */
export async function readClusterFile(home: string): Promise<ClusterFile | null> {
  const file = parsed(await readIfThere(join(home, CLUSTER_FILE)));
  return file === null || (await processState(file)) === 'gone' ? null : file;
}

/** @returns null when there is no such file */
export async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ENOTDIR') return null;
    throw error;
  }
}

function parsed(text: string | null): ClusterFile | null {
  try {
    const { address, restUrl, pid, start, version } = JSON.parse(text ?? '') as Record<string, unknown>;
    if (typeof address !== 'string' || typeof pid !== 'number' || typeof start !== 'string') return null;
    return { address, restUrl: typeof restUrl === 'string' ? restUrl : null, pid, start, version: String(version) };
  } catch {
    return null;
  }
}
