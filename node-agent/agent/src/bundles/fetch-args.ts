import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { TrainerError, type Clock, type Millis } from '@trainer/model';
import { sleep } from '@trainer/runtime';
import type { ArgsOf } from '@trainer/wire';

/** Where large arguments of constructors come from. @throws what the head says */
export interface ArgsSource {
  fetchArgs(of: ArgsOf, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** What came is not what the head announced. */
export class ArgsDamagedError extends TrainerError<'args.damaged', { actor: string }> {
  constructor({ actor, args }: ArgsOf, why: string) {
    super(
      'args.damaged',
      `The arguments of ${actor}, ${args.bytes} bytes, arrived damaged: ${why}. Create the actor again.`,
      { actor },
      'same',
    );
  }
}

/** Between two tries while the head is away: it is back, or followed by another one, within seconds. */
const RETRY_MS: Millis = 200;

/**
 * Fetches an actor's arguments into a file, as they come: the memory that it takes does not grow with them.
 * @param signal of the process that waits for them, and of the time it may take
 * @throws ArgsDamagedError, what the head says; the file is then gone
 */
export async function fetchArgs(
  source: ArgsSource,
  of: ArgsOf,
  path: string,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<void> {
  for (;;) {
    try {
      await fetchOnce(source, of, path, signal);
      return;
    } catch (error) {
      await rm(path, { force: true });
      if (!(error instanceof TrainerError) || error.code !== 'cluster.unavailable' || signal.aborted) throw error;
      await sleep(clock, RETRY_MS, signal);
    }
  }
}

async function fetchOnce(source: ArgsSource, of: ArgsOf, path: string, signal: AbortSignal): Promise<void> {
  const { bytes, sha256 } = of.args;
  const file = await open(path, 'w', 0o600);
  try {
    const hash = createHash('sha256');
    let got = 0;
    for await (const chunk of source.fetchArgs(of, signal)) {
      got += chunk.length;
      if (got > bytes) throw new ArgsDamagedError(of, 'there are more');
      hash.update(chunk);
      // Not `write`: a disk that becomes full takes a part of it, and says nothing.
      await file.appendFile(chunk);
    }
    signal.throwIfAborted();
    if (got < bytes) throw new ArgsDamagedError(of, `${got} came`);
    if (hash.digest('hex') !== sha256) throw new ArgsDamagedError(of, 'their hash is another one');
  } finally {
    await file.close();
  }
}
