import { MODEL_FILES } from '../gen/model-files.js';
import type { ModelDescription } from './description.js';

/** The name of both files of a model. */
export type ModelFamily = keyof typeof MODEL_FILES;

/** A model, and the family it belongs to. */
export interface CatalogEntry extends ModelDescription {
  readonly family: ModelFamily;
}

/** Every model, in the order of the files of `models` and within them as they stand there. */
export const CATALOG: readonly CatalogEntry[] = (Object.keys(MODEL_FILES) as ModelFamily[]).flatMap((family) =>
  MODEL_FILES[family].models.map((model) => ({ ...model, family })),
);

export function catalogEntry(modelId: string): CatalogEntry | null {
  return CATALOG.find((entry) => entry.modelId === modelId) ?? null;
}

/** The `count` nearest of `names` to `wrong`, by edit distance, ties by name. */
export function nearestNames(wrong: string, names: readonly string[], count = 3): string[] {
  return names
    .map((name) => ({ name, distance: editDistance(wrong.toLowerCase().slice(0, 100), name.toLowerCase().slice(0, 100)) }))
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, count)
    .map(({ name }) => name);
}

/** Levenshtein distance (Wagner and Fischer, 1974). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
