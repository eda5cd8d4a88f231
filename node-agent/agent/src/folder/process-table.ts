import { readdirSync, readFileSync } from 'node:fs';

/** A process as /proc tells of it. */
export interface ProcessInfo {
  readonly pid: number;
  readonly group: number;
  /** A zombie holds nothing: it waits only for its parent to hear of its end. */
  readonly isZombie: boolean;
  /** When it started, in ticks since boot: with the pid it names one process for ever, within one boot. */
  readonly startTicks: number;
}

/** Reads the text of /proc/PID/stat. The name in parentheses may hold anything, also parentheses. @returns null for other text */
export function parseStat(text: string): ProcessInfo | null {
  const end = text.lastIndexOf(')');
  const pid = Number.parseInt(text, 10);
  const fields = text.slice(end + 2).split(' ');
  const [group, startTicks] = [Number(fields[2]), Number(fields[19])];
  if (end < 0 || !Number.isInteger(pid) || !Number.isInteger(group) || !Number.isInteger(startTicks)) return null;
  return { pid, group, isZombie: fields[0] === 'Z' || fields[0] === 'X', startTicks };
}

/** @returns null when there is no such process, and on systems without /proc */
export function readProcess(pid: number): ProcessInfo | null {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return null;
  }
}

/** The processes of a group that are no zombies; empty on systems without /proc. */
export function groupMembers(group: number): ProcessInfo[] {
  let names: string[];
  try {
    names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
  return names
    .map((name) => readProcess(Number(name)))
    .filter((info) => info !== null && info.group === group && !info.isZombie) as ProcessInfo[];
}

/** @returns the name of this boot, since pids and ticks begin anew with it; empty where the system tells none */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

/** Sends a signal to a process group. @returns false when the group has no process */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch {
    return false;
  }
}
