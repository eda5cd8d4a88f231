import type { TextColumn } from '../../data/table.js';
import type { FittedBase, Step } from '../step.js';
import { levelCodes, levelEncoder, levelsInOnnx, MISSING, type LevelCodes, type LevelTable } from './levels.js';

/** A column of 0 and 1 a level; a level that training did not meet is 0 in all of them. */
export interface OneHotStep extends FittedBase {
  readonly kind: 'one-hot';
  /** Levels of the training rows; the empty text stands for missing. */
  readonly levels: readonly string[];
  /** The encoded column of each level; rare levels share the last one. */
  readonly columns: readonly number[];
}

/** A level is rare in fewer rows than this and in a smaller share than this (models.md). */
const RARE_ROWS = 10;
const RARE_SHARE = 0.01;

export const oneHotStep: Step<TextColumn, OneHotStep> = {
  fit(column, { rows }) {
    const codes = levelCodes(column, rows);
    const { common, rare } = sorted(codes, rows.length);
    const levels = [...common, ...rare];
    const columns = levels.map((_, at) => Math.min(at, common.length));
    const names = [...common.map((level) => (level === MISSING ? '(missing)' : level)), ...(rare.length > 0 ? ['(rare)'] : [])];
    const shown = rare.slice(0, 5).map((level) => JSON.stringify(level.slice(0, 60)));
    const message = `Column ${JSON.stringify(column.name)} has ${rare.length} levels that are rare; they are one category: ${shown.join(', ')}${rare.length > 5 ? ', ...' : ''}.`;
    return {
      fitted: { kind: 'one-hot', input: column.name, encoded: names.map((level) => `${column.name}=${level}`), levels, columns },
      warnings: rare.length > 0 ? [message] : [],
      training: null,
    };
  },
  encoder(fitted, column) {
    const table = tableOf(fitted);
    return levelEncoder(column, () => table, [table]);
  },
  inputType: () => 'string',
  toOnnx: (fitted, graph, input) => levelsInOnnx(graph, input, tableOf(fitted)),
};

/** Levels of the training rows in ascending order, missing last; a single rare one is as good by itself. */
function sorted({ levels, counts }: LevelCodes, rows: number): { common: string[]; rare: string[] } {
  const met = levels.flatMap((level, at) => ((counts[at] ?? 0) > 0 ? [{ level, count: counts[at] ?? 0 }] : []));
  met.sort((a, b) => Number(a.level === MISSING) - Number(b.level === MISSING) || (a.level < b.level ? -1 : 1));
  const isRare = ({ level, count }: { level: string; count: number }): boolean =>
    level !== MISSING && count < RARE_ROWS && count < rows * RARE_SHARE;
  const rare = met.filter(isRare);
  if (rare.length < 2) return { common: met.map(({ level }) => level), rare: [] };
  return { common: met.filter((each) => !isRare(each)).map(({ level }) => level), rare: rare.map(({ level }) => level) };
}

function tableOf({ levels, columns, encoded }: OneHotStep): LevelTable {
  const width = encoded.length;
  const values = new Float32Array((levels.length + 1) * width);
  columns.forEach((column, level) => (values[level * width + column] = 1));
  return { levels, values, width };
}
