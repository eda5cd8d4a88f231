import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { RayScript, Results } from '../benches/bench.js';

export interface RayOptions {
  /** A Python with Ray. */
  readonly python: string;
  /** The folder of the scripts. */
  readonly folder: string;
  readonly runs: number;
}

/** The line that a script of Ray's side printed. */
export interface RayLine {
  readonly line: string;
  readonly results: Results;
}

/** A script starts and stops clusters many times; the longest takes some minutes. */
const LIMIT_MS = 900_000;

/** Runs the script that measures the same on Ray. @throws when the folder has none, or it fails. */
export async function runOnRay({ script, environment }: RayScript, { python, folder, runs }: RayOptions): Promise<RayLine> {
  const path = join(folder, script);
  if (!existsSync(path)) throw new Error(`There is no ${path}: name the folder of the baseline's scripts with RAY_BASELINE.`);
  const env = { ...process.env, ...environment, RAY_BENCH_RUNS: String(runs) };
  const child = spawn(python, [path], { env, stdio: ['ignore', 'pipe', 'inherit'], timeout: LIMIT_MS });
  let printed = '';
  child.stdout.on('data', (piece: Buffer) => (printed += piece.toString()));
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const line = printed.split('\n').findLast((text) => text.startsWith('{'));
  if (code !== 0 || line === undefined) throw new Error(`${script} ended with ${code} and ${line === undefined ? 'no' : 'a'} result.`);
  return { line, results: (JSON.parse(line) as { results: Results }).results };
}
