/** Where this process's cgroups lie, from the text of /proc/self/cgroup. */
export interface CgroupPaths {
  /** Folders from the process's own up to the root of the hierarchy: a limit of any of them holds. */
  readonly v2: readonly string[];
  readonly cpuV1: readonly string[];
  readonly memoryV1: readonly string[];
}

const ROOT = '/sys/fs/cgroup';

export function cgroupPaths(procSelfCgroup: string): CgroupPaths {
  const lines = procSelfCgroup.split('\n').map((line) => /^\d+:([^:]*):(.*)$/.exec(line));
  const pathOf = (controller: string): string | null => {
    const match = lines.find((line) => line?.[1]?.split(',').includes(controller) === true);
    return match?.[2] ?? null;
  };
  return {
    v2: upwards(ROOT, pathOf('')),
    cpuV1: upwards(`${ROOT}/cpu`, pathOf('cpu')),
    memoryV1: upwards(`${ROOT}/memory`, pathOf('memory')),
  };
}

/** `/a/b` under a root gives root/a/b, root/a, root. In a container the root itself often is the process's group. */
function upwards(root: string, path: string | null): string[] {
  if (path === null) return [];
  const parts = path.split('/').filter((part) => part !== '');
  return [...parts.keys(), parts.length].map((count) => [root, ...parts.slice(0, count)].join('/')).reverse();
}

/** cgroup v2's cpu.max, `200000 100000` or `max 100000`. @returns null without a limit */
export function cpuMaxMilli(cpuMax: string): number | null {
  const [quota, period] = cpuMax.trim().split(/\s+/).map(Number);
  if (quota === undefined || !Number.isFinite(quota) || period === undefined || !(period > 0)) return null;
  return Math.max(1, Math.floor((quota / period) * 1000));
}

/** cgroup v1's cpu.cfs_quota_us (-1: none) and cpu.cfs_period_us. */
export function cpuQuotaMilli(quotaText: string, periodText: string): number | null {
  const [quota, period] = [Number(quotaText.trim()), Number(periodText.trim())];
  if (!(quota > 0) || !(period > 0)) return null;
  return Math.max(1, Math.floor((quota / period) * 1000));
}

/** memory.max (`max`: none) or v1's memory.limit_in_bytes (a number near 2^63: none). */
export function memoryMaxBytes(limit: string): number | null {
  const bytes = Number(limit.trim());
  return limit.trim() !== '' && Number.isSafeInteger(bytes) && bytes > 0 ? bytes : null;
}

/** The count of kernel out-of-memory kills, from a cgroup's memory.events or from /proc/vmstat. */
export function oomKills(text: string): number | null {
  const match = /^oom_kill (\d+)$/m.exec(text);
  return match === null ? null : Number(match[1]);
}
