import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** A process, told by its start from every other that had or will have its number on this machine. */
export interface ProcessName {
  readonly pid: number;
  /** When it started, in the system's words, without spaces. */
  readonly start: string;
}

/**
 * `ending`: it was killed or is exiting, and still holds what it held, such as its ports. `gone`: it holds nothing any more; it may
 * still be listed, as a zombie that nobody waited for.
 */
export type ProcessState = 'runs' | 'ending' | 'gone';

/** @returns the process of this number, whatever its state; null when there is none */
export async function processName(pid: number): Promise<ProcessName | null> {
  const found = await look(pid);
  return found === null ? null : { pid, start: found.start };
}

/** @returns how a process is by now; another one of its number is not it */
export async function processState(process: ProcessName): Promise<ProcessState> {
  const found = await look(process.pid);
  return found === null || found.start !== process.start ? 'gone' : found.state;
}

/** A process as the system shows it. */
export interface Seen {
  readonly start: string;
  readonly state: ProcessState;
}

function look(pid: number): Promise<Seen | null> {
  if (!Number.isSafeInteger(pid) || pid <= 0) return Promise.resolve(null);
  return process.platform === 'linux' ? lookByProc(pid) : lookByPs(pid);
}

/** Places of proc_pid_stat(5) after the name, which is in parentheses and may hold anything. */
const FIELDS = { state: 0, flags: 6, threads: 17, start: 19 } as const;
/** PF_EXITING of the kernel's include/linux/sched.h: it works off its exit. */
const EXITING = 0x4;
/** SIGKILL's bit in the masks of proc_pid_status(5). */
const KILLED = 1n << 8n;

async function lookByProc(pid: number): Promise<Seen | null> {
  const [stat, status] = await Promise.all(['stat', 'status'].map((file) => readFile(`/proc/${pid}/${file}`, 'latin1').catch(() => '')));
  return seenIn(stat ?? '', status ?? '');
}

/** Reads `/proc/PID/stat` and `/proc/PID/status`; empty texts are those of a process that is gone. @returns null for none */
export function seenIn(stat: string, status: string): Seen | null {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const start = fields[FIELDS.start];
  if (start === undefined) return null;
  if (fields[FIELDS.state] === 'X') return { start, state: 'gone' };
  // The main thread of a killed process may be through before its other threads, which share its files and ports.
  if (fields[FIELDS.state] === 'Z') return { start, state: Number(fields[FIELDS.threads]) > 1 ? 'ending' : 'gone' };
  const isExiting = (Number(fields[FIELDS.flags]) & EXITING) !== 0;
  return { start, state: isExiting || isKilled(status) ? 'ending' : 'runs' };
}

/** Has a SIGKILL been sent that the process, on a busy machine, has not come to yet? */
function isKilled(status: string): boolean {
  return [...status.matchAll(/^(?:SigPnd|ShdPnd):\s*([0-9a-f]+)$/gm)].some(([, mask]) => (BigInt(`0x${mask ?? '0'}`) & KILLED) !== 0n);
}

function lookByPs(pid: number): Promise<Seen | null> {
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], (_error, stdout) => {
      const [, state, start] = /^\s*(\S+)\s+(.*\S)\s*$/.exec(stdout) ?? [];
      if (state === undefined || start === undefined) return resolve(null);
      // E: "the process is trying to exit" (ps(1) of macOS).
      resolve({ start: start.replaceAll(/\s+/g, '-'), state: state.startsWith('Z') ? 'gone' : state.includes('E') ? 'ending' : 'runs' });
    });
  });
}
