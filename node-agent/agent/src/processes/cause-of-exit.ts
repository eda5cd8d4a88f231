import { isFromOutside, type DeathCause } from '@trainer/model';

/** All that is known of the end of an actor's process. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  /** What the process said of its own end: that it could not start, or that its work is done. */
  readonly told: DeathCause | null;
  /** Why the agent ended it, or asked it to end; null: it did not. */
  readonly asked: DeathCause | null;
  /** What it last said of an error; null: nothing. */
  readonly lastError: string | null;
  /** Whether the kernel killed for want of memory while it ran. */
  readonly hasKernelKilled: boolean;
  readonly limitBytes: number;
  /** Its newest measured use. */
  readonly usedBytes: number;
}

/** One cause: what the process told, else why it was ended, else what its exit shows. */
export function causeOfExit(exit: Exit): DeathCause {
  if (exit.told !== null) return exit.told;
  if (exit.asked !== null) return exit.asked;
  if (exit.signal === 'SIGKILL' && exit.hasKernelKilled) {
    return { kind: 'out-of-memory', limitBytes: exit.limitBytes, usedBytes: exit.usedBytes };
  }
  const { lastError } = exit;
  const said = lastError === null ? {} : { lastError };
  // Whoever sends one of these from outside has a reason of its own.
  if (exit.signal !== null) return { kind: 'signal', signal: exit.signal, ...(isFromOutside(exit.signal) ? {} : said) };
  return { kind: 'exited', code: exit.code ?? -1, ...(exit.code === 0 ? {} : said) };
}
