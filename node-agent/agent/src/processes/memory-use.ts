import { readFileSync } from 'node:fs';
import { cgroupPaths, oomKills } from '../resources/cgroup.js';

/** What memory is read from. */
export interface MemoryReader {
  /** Resident memory of a process and those it started, in bytes; 0 when it is gone, and on systems without /proc. */
  residentBytes(pid: number): number;
  /** How often the kernel has killed for want of memory, here or on the whole machine; only its rise tells anything. */
  kernelKills(): number;
}

export function systemMemory(): MemoryReader {
  const v2 = cgroupPaths(readText('/proc/self/cgroup') ?? '').v2[0];
  return {
    residentBytes: (pid) => residentOf(pid, 0),
    kernelKills: () => {
      const ofGroup = v2 === undefined ? null : oomKills(readText(`${v2}/memory.events`) ?? '');
      return ofGroup ?? oomKills(readText('/proc/vmstat') ?? '') ?? 0;
    },
  };
}

/** Actors that start processes which start processes are rare; a chain deeper than this is a fork bomb. */
const MAX_DEPTH = 16;

function residentOf(pid: number, depth: number): number {
  const resident = Number(/^VmRSS:\s+(\d+) kB$/m.exec(readText(`/proc/${pid}/status`) ?? '')?.[1] ?? 0) * 1024;
  if (resident === 0 || depth === MAX_DEPTH) return resident;
  const children = (readText(`/proc/${pid}/task/${pid}/children`) ?? '').split(' ').filter((text) => text !== '');
  return children.reduce((sum, child) => sum + residentOf(Number(child), depth + 1), resident);
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
