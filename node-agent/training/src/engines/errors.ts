import { TrainerError } from '@trainer/model';

/** A call into an engine's library failed; `reason` is the library's own text, at most 4,000 characters of it. */
export class EngineError extends TrainerError<'engine.failed', { engine: string; call: string; reason: string }> {
  constructor(engine: string, call: string, reason: string) {
    const retry = PARAMETER_REFUSED.test(reason) ? 'never' : 'same';
    super('engine.failed', `${engine} failed in ${call}: ${firstLine(reason)}`, { engine, call, reason: reason.slice(0, 4_000) }, retry);
  }
}

/**
 * XGBoost's words (dmlc/parameter.h, 3.2) and LightGBM's (src/io/config_auto.cpp, 4.7) for a parameter that they do not take, and ours for
 * OpenBLAS; another attempt would send it the same.
 */
const PARAMETER_REFUSED =
  /Check failed: .* at \S*config\S*\.cpp|Invalid Parameter format for |Out of range value for |value .* for Parameter .* (?:exceed bound|should be)|Invalid Input: '.*', valid values are|trailing characters could not be parsed|No conversion could be performed|argument \d+ is not valid, or holds NaN/;

/** The engine's library can't be opened on this machine; another may have it. */
export class EngineUnavailableError extends TrainerError<'engine.unavailable', { engine: string; path: string; reason: string }> {
  constructor(engine: string, path: string, reason: string, cause?: unknown) {
    super(
      'engine.unavailable',
      `The library of ${engine} can't be opened: ${reason} (${path}). Run \`npm start\` again: it fetches the native parts and says what is missing.`,
      { engine, path, reason },
      'elsewhere',
      { cause },
    );
  }
}

/**
 * XGBoost's errors carry a stack trace below the sentence, and `[time] file:line: ` before it. Those of its communicator are a list,
 * `- [file:line|time]: sentence`, from what failed to why.
 */
function firstLine(reason: string): string {
  const lines = reason.split('\n').filter((line) => !/^(stack trace|\s*\[bt\])/i.test(line));
  const listed = lines.flatMap((line) => /^- \[[^\]]*\]: ?(.+)$/.exec(line)?.[1] ?? []);
  if (listed.length > 0) return listed.join(' ').slice(0, 500);
  const first = lines.find((line) => line.trim() !== '') ?? 'no reason given';
  return first.replace(/^\[\d\d:\d\d:\d\d\] \S+:\d+: /, '').slice(0, 500);
}

/** The library's model file is not as the version we know writes it. */
export class ModelFormatError extends TrainerError<'engine.format', { engine: string; found: string }> {
  constructor(engine: string, found: string) {
    super('engine.format', `${engine}'s model file can't be read: ${found}. Use the version of the library that the set-up installs.`, {
      engine,
      found,
    });
  }
}
