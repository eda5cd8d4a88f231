import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { runningProcesses } from '@trainer/test';
import { round } from './statistics.js';

/** Linux counts CPU time in hundredths on every architecture that Node runs on. */
const TICKS_A_SECOND = 100;
const LOOK_EVERY_MS = 1;

/** Proportional set size: pages that several share count in parts, so that the sum over processes is what they really hold. */
export function pssMib(pids: readonly number[]): number {
  let kib = 0;
  for (const pid of pids) kib += Number(/^Pss:\s+(\d+)/m.exec(procFile(pid, 'smaps_rollup'))?.[1] ?? 0);
  return round(kib / 1024, 1);
}

/** Of each kind of process: how many, and their PSS in MiB. */
export function pssByKind(pids: readonly number[]): Readonly<Record<string, { readonly n: number; readonly pss_mib: number }>> {
  const commands = new Map(runningProcesses().map(({ pid, command }) => [pid, command]));
  const kinds: Record<string, { n: number; pss_mib: number }> = {};
  for (const pid of pids) {
    const kind = kindOf(commands.get(pid) ?? '');
    const sum = (kinds[kind] ??= { n: 0, pss_mib: 0 });
    sum.n += 1;
    sum.pss_mib = round(sum.pss_mib + pssMib([pid]), 1);
  }
  return kinds;
}

/** CPU seconds that these have used so far, with those of their children that have ended. */
export function cpuSeconds(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) for (const part of statFields(pid).slice(11, 15)) ticks += Number(part);
  return ticks / TICKS_A_SECOND;
}

/** CPU time of the threads that a process has now, to the nanosecond, in ms: for spans in which it uses few hundredths of a second. */
export function threadCpuMs(pid: number): number {
  let nanoseconds = 0;
  for (const thread of threadsOf(pid)) nanoseconds += Number(procFile(pid, `task/${thread}/schedstat`).split(' ')[0]);
  return nanoseconds / 1e6;
}

/** One that has ended but was not waited for counts as gone. */
export function isGone(pid: number): boolean {
  const state = statFields(pid)[0];
  return state === undefined || state === 'Z' || state === 'X';
}

/** @throws when one of them is still there after `withinMs`. */
export async function untilGone(pids: readonly number[], withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!pids.every(isGone)) {
    if (performance.now() > deadline)
      throw new Error(`Still there after ${withinMs} ms: ${pids.filter((pid) => !isGone(pid)).join(', ')}.`);
    await wait(LOOK_EVERY_MS);
  }
}

function kindOf(command: string): string {
  if (/(^|\/)postgres/.test(command)) return 'postgres';
  if (/nats-server/.test(command)) return 'nats-server';
  if (/(^|\/)npm /.test(command)) return 'npm';
  if (/(start\.mjs|trainer\.mjs|deploy\/dist\/main\.bundle\.mjs)/.test(command)) return 'launcher';
  if (/actor/.test(command)) return 'actor';
  return command.slice(0, 60);
}

/** The fields of /proc/PID/stat from the state on: a name may hold spaces and brackets. */
function statFields(pid: number): readonly string[] {
  const text = procFile(pid, 'stat');
  return text === '' ? [] : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** @returns '' when the process is gone. */
function procFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch {
    return '';
  }
}
