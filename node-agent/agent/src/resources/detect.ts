import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import type { Capacity } from '@trainer/model';
import { cgroupPaths, cpuMaxMilli, cpuQuotaMilli, memoryMaxBytes } from './cgroup.js';
import { fakeGpus, NVIDIA_SMI_ARGS, parseNvidiaSmi, parseRocmSmi, ROCM_SMI_ARGS, visibleGpus, type FoundGpu } from './gpus.js';

/** What of the machine is looked at; the system's is `systemMachine`. */
export interface Machine {
  readonly cpus: number;
  readonly memoryBytes: number;
  /** null when there is no such file. */
  read(path: string): Promise<string | null>;
  /** The output of a program; null when it is absent or fails. */
  run(program: string, args: readonly string[]): Promise<string | null>;
}

/** A program that reports on devices and says nothing for so long is left out. */
const PROBE_MS = 10_000;

export function systemMachine(path: string): Machine {
  return {
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    read: (file) => readFile(file, 'utf8').catch(() => null),
    run: (program, args) =>
      new Promise((resolve) => {
        execFile(program, [...args], { env: { PATH: path }, timeout: PROBE_MS }, (error, stdout) =>
          resolve(error === null ? stdout : null),
        );
      }),
  };
}

export interface CapacityOptions {
  readonly cpuMilli: number | null;
  readonly memoryBytes: number | null;
  readonly fakeGpus: number;
  readonly visibleDevices: string | null;
}

/** What this machine has, within the limits of its cgroups; what `options` names counts instead. */
export async function detectCapacity(machine: Machine, options: CapacityOptions): Promise<Capacity> {
  const paths = cgroupPaths((await machine.read('/proc/self/cgroup')) ?? '');
  const each = async (folders: readonly string[], limit: (folder: string) => Promise<number | null>): Promise<number[]> => {
    const limits = await Promise.all(folders.map(limit));
    return limits.filter((found) => found !== null);
  };
  const cpuLimits = [
    ...(await each(paths.v2, async (folder) => cpuMaxMilli((await machine.read(`${folder}/cpu.max`)) ?? ''))),
    ...(await each(paths.cpuV1, async (folder) =>
      cpuQuotaMilli((await machine.read(`${folder}/cpu.cfs_quota_us`)) ?? '', (await machine.read(`${folder}/cpu.cfs_period_us`)) ?? ''),
    )),
  ];
  const memoryLimits = [
    ...(await each(paths.v2, async (folder) => memoryMaxBytes((await machine.read(`${folder}/memory.max`)) ?? ''))),
    ...(await each(paths.memoryV1, async (folder) => memoryMaxBytes((await machine.read(`${folder}/memory.limit_in_bytes`)) ?? ''))),
  ];
  return {
    cpuMilli: options.cpuMilli ?? Math.min(machine.cpus * 1000, ...cpuLimits),
    memoryBytes: options.memoryBytes ?? Math.min(machine.memoryBytes, ...memoryLimits),
    gpus: visibleGpus(options.fakeGpus > 0 ? fakeGpus(options.fakeGpus) : await findGpus(machine), options.visibleDevices),
  };
}

async function findGpus(machine: Machine): Promise<FoundGpu[]> {
  const nvidia = parseNvidiaSmi((await machine.run('nvidia-smi', NVIDIA_SMI_ARGS)) ?? '');
  return nvidia.length > 0 ? nvidia : parseRocmSmi((await machine.run('rocm-smi', ROCM_SMI_ARGS)) ?? '');
}
