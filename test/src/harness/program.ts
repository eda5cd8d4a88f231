import { spawn, type StdioOptions } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Spawner } from '@trainer/runtime';

/** The clone's root. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** The `trainer` command. */
export const TRAINER = fileURLToPath(new URL('../../../deploy/bin/trainer.mjs', import.meta.url));

/** How a program ended, and what it wrote. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
}

/** A program that a test started. */
export interface Program {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  hasEnded(): boolean;
  /** How it ended, such as `code 1` or `SIGKILL`; null: it runs. */
  end(): string | null;
  /** What it wrote so far, both streams. */
  output(): string;
  kill(signal: NodeJS.Signals): void;
}

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Starts it so that it can't outlive this process, however that ends; by default it may. */
  readonly spawner?: Spawner;
}

/**
 * Starts a program that sees nothing of the settings of the shell that runs the tests, except where programs, homes and
 * temporary folders are.
 */
export function startProgram(command: string, words: readonly string[], options: ProgramOptions = {}): Program {
  const startedAt = performance.now();
  const cwd = options.cwd ?? ROOT;
  const env = { ...surroundings(), ...options.env };
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe'];
  const child =
    options.spawner === undefined
      ? spawn(command, words, { cwd, env, stdio })
      : options.spawner.spawn({ command, args: words, cwd, env, stdio, isGroupLeader: false });
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name]?.setEncoding('utf8').on('data', (text: string) => (written[name] += text));
  let end: string | null = null;
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      end = signal ?? `code ${code}`;
      resolve({ code, signal, ...written, tookMs: performance.now() - startedAt });
    });
  });
  // Whoever never asks is not told.
  ended.catch(() => undefined);
  return {
    pid: child.pid ?? -1,
    ended,
    hasEnded: () => end !== null,
    end: () => end,
    output: () => written.stdout + written.stderr,
    kill: (signal) => void child.kill(signal),
  };
}

/** Runs `trainer` to its end. */
export function runTrainer(words: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
  return startProgram(process.execPath, [TRAINER, ...words], { env }).ended;
}

function surroundings(): Record<string, string> {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'LANG'].map((name) => [name, process.env[name]]);
  return Object.fromEntries(kept.filter(([, value]) => value !== undefined)) as Record<string, string>;
}
