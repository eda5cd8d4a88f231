import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { round } from './statistics.js';

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));

export interface Machine {
  readonly cpus: number;
  readonly cpu: string;
  readonly mem_gib: number;
}

/** What else the machine did meanwhile: times measured under load are upper bounds. */
export interface Noise {
  readonly load1_before: number;
  readonly load1_after: number;
  /** Share of all cores that was busy, our own work included. */
  readonly cpu_busy_frac: number;
  readonly steal_frac: number;
}

export function machine(): Machine {
  return { cpus: cpus().length, cpu: cpus()[0]?.model.trim() ?? 'unknown', mem_gib: round(totalmem() / 2 ** 30, 1) };
}

export function versions(): Readonly<Record<string, string>> {
  const { version } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')) as { version: string };
  return { trainer: version, node: process.versions.node, v8: process.versions.v8 };
}

/** The commit that was measured, with `+changes` when the tree differs from it; null outside a repository. */
export function commit(): string | null {
  try {
    const git = (...words: string[]): string =>
      execFileSync('git', words, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+changes');
  } catch {
    return null;
  }
}

/** Begins to listen; the returned function tells what was heard. */
export function listenForNoise(): () => Noise {
  const before = cpuTimes();
  const loadBefore = loadavg()[0] ?? 0;
  return () => {
    const after = cpuTimes();
    const all = Math.max(1, after.all - before.all);
    return {
      load1_before: round(loadBefore, 2),
      load1_after: round(loadavg()[0] ?? 0, 2),
      cpu_busy_frac: round((after.busy - before.busy) / all, 2),
      steal_frac: round((after.steal - before.steal) / all, 3),
    };
  };
}

/** Ticks of all cores since the machine started: the first line of /proc/stat (proc(5)). */
function cpuTimes(): { readonly all: number; readonly busy: number; readonly steal: number } {
  const line = readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '';
  const ticks = line.split(/\s+/).slice(1, 9).map(Number);
  const all = ticks.reduce((sum, part) => sum + part, 0);
  const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0);
  return { all, busy: all - idle, steal: ticks[7] ?? 0 };
}
