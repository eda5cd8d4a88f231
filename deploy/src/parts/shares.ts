import type { Settings } from '../config/settings.js';

/** What an agent gives of its machine; null: all of it. */
export interface Share {
  readonly cpuMilli: number | null;
  readonly memoryBytes: number | null;
}

/** @returns what TRAINER_CPUS and TRAINER_MEMORY say. */
export function namedShare({ TRAINER_CPUS: cpus, TRAINER_MEMORY: memory }: Settings): Share {
  return { cpuMilli: cpus === undefined ? null : Math.round(cpus * 1_000), memoryBytes: memory ?? null };
}

/**
 * Shares a machine among `count` agents: equal parts of its memory, and whole CPUs as evenly as they go, the first agents one more,
 * but at least one each, so that more agents than CPUs promise more than there is.
 */
export function sharesOf(machine: { readonly cpuMilli: number; readonly memoryBytes: number }, count: number): readonly Share[] {
  const cpus = Math.floor(machine.cpuMilli / 1_000);
  return Array.from({ length: count }, (_, index) => ({
    cpuMilli: Math.max(1, Math.floor(cpus / count) + (index < cpus % count ? 1 : 0)) * 1_000,
    memoryBytes: Math.floor(machine.memoryBytes / count),
  }));
}
