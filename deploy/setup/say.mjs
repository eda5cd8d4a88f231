/** What set-up says to the person who waits, and how it fails. */

/** A failure that is one line: what is missing, and the mend. */
export class SetupError extends Error {}

/** Prints one line of progress on stderr, so that stdout stays the program's. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Runs `work` and says what it did and how long it took. */
export async function step(what, work) {
  say(`» ${what} ...`);
  const startedAt = performance.now();
  const result = await work();
  say(`  done in ${seconds(performance.now() - startedAt)}`);
  return result;
}

/** @returns milliseconds as `1.3 s`. */
export function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** @returns bytes as `61 MB`. */
export function megabytes(bytes) {
  return `${Math.round(bytes / 1e6)} MB`;
}

/** Runs `main`; a SetupError ends the process with its one line and code 1. */
export async function orEndWithOneLine(main) {
  try {
    return await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    process.exit(1);
  }
}
