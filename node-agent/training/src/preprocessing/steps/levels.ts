import type { TextColumn } from '../../data/table.js';
import { axis, type GraphBuilder } from '../../onnx/graph-builder.js';
import type { BlockEncoder } from '../step.js';

/** The level of a missing text, in the exported graph too; a text that is empty is missing. */
export const MISSING = '';

/** A table of levels: level i of `levels` has row i of `values`, and what is none of them has the row after the last. */
export interface LevelTable {
  readonly levels: readonly string[];
  /** float32 [levels + 1, width], row-major. */
  readonly values: Float32Array;
  readonly width: number;
}

/** The place of each row's level among distinct ones: missing ones are the level `MISSING`. */
export interface LevelCodes {
  /** Distinct levels of the column in the order of their first row in the table, those of no training row too. */
  readonly levels: readonly string[];
  of(row: number): number;
  /** How often each stands in the training rows. */
  readonly counts: Int32Array;
}

export function levelCodes({ codes, labels }: TextColumn, rows: Int32Array): LevelCodes {
  const empty = labels.indexOf(MISSING);
  const levels = empty < 0 ? [...labels, MISSING] : labels;
  const missing = empty < 0 ? labels.length : empty;
  const of = (row: number): number => {
    const code = codes[row] ?? -1;
    return code < 0 ? missing : code;
  };
  const counts = new Int32Array(levels.length);
  for (const row of rows) counts[of(row)] = (counts[of(row)] ?? 0) + 1;
  return { levels, of, counts };
}

export function levelEncoder(
  { codes, labels }: TextColumn,
  tableOf: (row: number) => LevelTable,
  tables: readonly LevelTable[],
): BlockEncoder {
  const places = new Map(tables.map((table) => [table, placesIn(table, labels)]));
  return (rows, start, end, out, at, stride) => {
    for (let place = start, to = at; place < end; place += 1, to += stride) {
      const row = rows[place] ?? 0;
      const table = tableOf(row);
      const { values, width } = table;
      const code = codes[row] ?? -1;
      const from = (places.get(table)?.[code < 0 ? labels.length : code] ?? 0) * width;
      for (let column = 0; column < width; column += 1) out[to + column] = values[from + column] ?? NaN;
    }
  };
}

/** The row of each label in the table, and last the one of a missing text. */
function placesIn({ levels }: LevelTable, labels: readonly string[]): Int32Array {
  const index = new Map(levels.map((level, at) => [level, at]));
  return Int32Array.from([...labels, MISSING], (label) => index.get(label) ?? levels.length);
}

/** @param input string [rows, 1]. @returns float32 [rows, width] */
export function levelsInOnnx(graph: GraphBuilder, input: string, { levels, values, width }: LevelTable): string {
  const index = graph.add({
    operator: 'LabelEncoder',
    domain: 'ai.onnx.ml',
    inputs: [input],
    output: 'level',
    attributes: [
      { name: 'keys_strings', kind: 'strings', values: levels },
      { name: 'values_int64s', kind: 'ints', values: Int32Array.from(levels, (_, at) => at) },
      { name: 'default_int64', kind: 'int', value: levels.length },
    ],
  });
  const table = graph.constant('levels', { shape: [levels.length + 1, width], type: 'float', values });
  const rows = graph.add({ operator: 'Gather', inputs: [table, index], output: 'level_rows', attributes: [axis(0)] });
  const axes = graph.constant('axes', { shape: [1], type: 'int64', values: BigInt64Array.of(1n) });
  return graph.add({ operator: 'Squeeze', inputs: [rows, axes], output: 'level_values' });
}
