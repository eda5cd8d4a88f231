import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';

/** A process of this machine. */
export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  /** Its program and arguments, as it was started or as it calls itself. */
  readonly command: string;
}

/** @returns every process that runs; one that ended but was not waited for is not among them. */
export function runningProcesses(): readonly ProcessRow[] {
  return existsSync('/proc/self/stat') ? processesByProc() : processesByPs();
}

/** @returns `root` and all that descend from it. */
export function treeOf(root: number): readonly ProcessRow[] {
  const rows = runningProcesses();
  const tree = rows.filter((row) => row.pid === root);
  for (const { pid } of tree) tree.push(...rows.filter((row) => row.parent === pid));
  return tree;
}

/** Whether an agent started it to run an actor or a rank. */
export function isActorProcess({ command }: ProcessRow): boolean {
  return /actor\/dist\/process\.loader\.cjs/.test(command);
}

/** @returns those of `pids` that still run. */
export function stillRunning(pids: readonly number[]): readonly number[] {
  const running = new Set(runningProcesses().map(({ pid }) => pid));
  return pids.filter((pid) => running.has(pid));
}

/** Sends a signal; a process that ended by itself is fine. */
export function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Processes that were started with `text` somewhere in their environment, which all that descend from them inherit, whoever
 * their parent is by now. Linux only: elsewhere other processes' environments are not for everybody.
 */
export function processesWith(text: string): readonly ProcessRow[] {
  return runningProcesses().filter(({ pid }) => environmentOf(pid).includes(text));
}

/** @returns '' when the process has ended, or belongs to somebody else. */
function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return '';
  }
}

function processesByProc(): readonly ProcessRow[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((name) => {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      // The name before the state may hold spaces and brackets.
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (state === 'Z' || state === 'X') return [];
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      return [{ pid: Number(name), parent: Number(parent), command }];
    } catch {
      // It ended while it was looked at.
      return [];
    }
  });
}

function processesByPs(): readonly ProcessRow[] {
  const lines = execFileSync('ps', ['-axo', 'pid=,ppid=,stat=,command='], { encoding: 'utf8' }).trim().split('\n');
  return lines.flatMap((line) => {
    const [, pid, parent, state, command] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return command === undefined || state?.startsWith('Z') ? [] : [{ pid: Number(pid), parent: Number(parent), command }];
  });
}
