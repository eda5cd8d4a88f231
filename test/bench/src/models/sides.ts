import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { testPython, type TestPython } from '@trainer/test';
import type { BenchTable, Taken, Training } from './messages.js';

const SCRIPTS = '../bench/python/models';
const PROCESS = fileURLToPath(new URL('./learner-process.js', import.meta.url));
/** A training above it is ended, and named as skipped. */
export const LIMIT_S = 300;

/** A model beside its reference, as python/models/references.py has it. */
export interface Case {
  readonly model: string;
  readonly name: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly epochs: number;
  readonly floor: number;
  /** Others, and the share of their speed that is the goal. */
  readonly beside: Readonly<Record<string, number>>;
}

/** One training of one side. */
export interface Run {
  readonly one: Case;
  readonly table: BenchTable;
  readonly seed: number;
}

/** What the other side says; or why there is nothing to say. */
export type Said = (Taken & { readonly version: string }) | { readonly absent: string };

/** The Pythons of the reference and of what is shown beside it. */
export interface Pythons {
  readonly cases: readonly Case[];
  fit(library: string, run: Run): Promise<Said>;
}

/** @param cpus that a process may use, and as many threads. @param dtype of the other side's features */
export async function openPythons(cpus: readonly number[], dtype: string): Promise<Pythons> {
  const reference = await testPython(`${SCRIPTS}/requirements.txt`);
  const cases = (await reference.run(`${SCRIPTS}/known.py`, {})) as readonly Case[];
  const pythons = new Map<string, TestPython | { readonly absent: string }>([['reference', reference]]);
  for (const library of new Set(cases.flatMap(({ beside }) => Object.keys(beside)))) {
    const opened = testPython(`${SCRIPTS}/requirements-${library}.txt`, 'prefix');
    pythons.set(library, await opened.catch((error: unknown) => ({ absent: `${library} can't be installed: ${firstLine(error)}` })));
  }
  return {
    cases,
    async fit(library, { one, table, seed }) {
      const python = pythons.get(library) ?? { absent: `${library} is not known` };
      if ('absent' in python) return python;
      const input = { case: one, with: library, table, dtype, threads: cpus.length, cpus, seed, limit_s: LIMIT_S };
      const begun = performance.now();
      try {
        return (await python.run(`${SCRIPTS}/learn.py`, input)) as Said;
      } catch (error) {
        if (performance.now() - begun < LIMIT_S * 1000) throw error;
        return { absent: `over ${LIMIT_S} s` };
      }
    },
  };
}

const firstLine = (error: unknown): string => String(error instanceof Error ? error.message : error).split('\n')[0] ?? '';

/**
 * Trains with processes of ours, each pinned to its CPUs and with as many threads.
 * @param pins of each rank, its CPUs. @returns what each rank took, or null when they were ended for their time
 */
export async function learn({ one, table, seed }: Run, pins: readonly (readonly number[])[]): Promise<readonly Taken[] | null> {
  const children = pins.map(startPinned);
  let isOver = false;
  const timer = setTimeout(() => {
    isOver = true;
    children.forEach((child) => child.kill('SIGKILL'));
  }, LIMIT_S * 1000);
  try {
    const ports = await Promise.all(children.map((child) => heard<number>(child)));
    const answers = children.map((child) => heard<Taken>(child));
    children.forEach((child, rank) => {
      const { model, parameters, epochs } = one;
      const training = { model, parameters, epochs, seed, table, threads: pins[rank]?.length ?? 1, rank, worldSize: pins.length, ports };
      child.send(training satisfies Training);
    });
    return await Promise.all(answers);
  } catch (error) {
    if (isOver) return null;
    throw error;
  } finally {
    clearTimeout(timer);
    children.forEach((child) => child.kill('SIGKILL'));
  }
}

function startPinned(cpus: readonly number[]): ChildProcess {
  // As an agent sets it for its ranks: threads that wait do not spin.
  const env = { ...process.env, OMP_WAIT_POLICY: 'passive', OMP_NUM_THREADS: String(cpus.length) };
  return fork(PROCESS, { execPath: 'taskset', execArgv: ['-c', cpus.join(), process.execPath], env });
}

/** @throws Error when the process has ended instead */
async function heard<T>(child: ChildProcess): Promise<T> {
  const ended = once(child, 'exit').then(([code, signal]: unknown[]) => {
    throw new Error(`A learner's process ended with ${String(code ?? signal)}.`);
  });
  const [message] = (await Promise.race([once(child, 'message'), ended])) as [T];
  return message;
}
