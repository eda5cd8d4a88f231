import type { NativeDescription } from '../learning/learner.js';
import { encodedColumns, type Preprocessing } from '../preprocessing/preprocessing.js';

/** Declared where a table as wide as the encoded one would be misread. */
const UNUSED_COLUMN = 'trainer.unused';

/**
 * What the library's own file carries. Where the encoded table is as wide as the raw one but not equal to it, one unused column more
 * is declared, so that a raw table is refused: names alone do not stop the libraries' array paths.
 */
export function nativeDescription(preprocessing: Preprocessing): NativeDescription {
  const { inputs, steps, tableSteps, version } = preprocessing;
  const encoded = encodedColumns(preprocessing);
  const isMisread =
    encoded.length === inputs.length && (tableSteps.length > 0 || steps.some((step) => step.kind !== 'number' || step.shift !== 0));
  const names = isMisread ? [...encoded, UNUSED_COLUMN] : encoded;
  return {
    columns: distinct(names.map(escaped)),
    preprocessing: JSON.stringify({ version, inputs, steps, table_steps: tableSteps }),
    target: null,
  };
}

/** XGBoost refuses `[ ] <`; LightGBM refuses quotes, commas, colons, brackets and braces, and turns white space into underscores. */
const REFUSED = /[\s\p{Cc}"%,:<>[\]{}]/gu;

/** A name as both libraries take it: what one of them refuses is percent-encoded, as in a URL, so that it can be read back. */
function escaped(name: string): string {
  return name.replace(REFUSED, (character) =>
    Array.from(Buffer.from(character, 'utf8'), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}

/** Both refuse a name that stands twice, and one that is empty. */
function distinct(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let free = name === '' ? 'column' : name;
    while (taken.has(free)) free = `${free}_`;
    taken.add(free);
    return free;
  });
}
