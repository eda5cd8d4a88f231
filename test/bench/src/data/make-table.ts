import { seededRandom } from '@trainer/test';
import { normal } from './random.js';

export interface TableShape {
  readonly rows: number;
  readonly columns: number;
  readonly seed: number;
}

/** Rows whose class is drawn at random: no model is right about more than this leaves. */
const FLIPPED = 0.05;

/**
 * A CSV table of normal features with six significant digits and a target `y` of two classes that half of the features
 * decide, not linearly. Equal shapes give equal bytes.
 */
export function makeTable({ rows, columns, seed }: TableShape): string {
  const random = seededRandom(seed);
  const next = normal(random);
  const informative = columns >> 1;
  const lines = [`${Array.from({ length: columns }, (_, index) => `f${index}`).join(',')},y`];
  const values = new Array<number>(columns);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) values[column] = next();
    const isPositive = random() < FLIPPED ? random() < 0.5 : score(values, informative) > 0;
    lines.push(`${values.map((value) => value.toPrecision(6)).join(',')},${isPositive ? 1 : 0}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Sums and products of neighbours, so that trees have something to find at every depth. */
function score(values: readonly number[], informative: number): number {
  let sum = 0;
  for (let column = 0; column + 1 < informative; column += 2) {
    const [a = 0, b = 0] = [values[column], values[column + 1]];
    sum += a + 0.7 * a * b - 0.4 * (b * b - 1);
  }
  return sum;
}
