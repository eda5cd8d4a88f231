import { seededSource } from '../../split/random-source.js';
import type { Products } from './inexact-distances.js';

/**
 * Products A Bᵀ, one by one: each wrong by up to `roundings` roundings of float32 for each of its terms, as sums of the lengths are. 0: exact but for the one
 * that keeps it.
 */
export function inexactProducts(roundings: number, seed = 1): Products {
  const random = seededSource(seed);
  return {
    multiply({ m, n, k, a, b, c, scale = 1, isBTransposed }) {
      if (isBTransposed !== true) throw new RangeError('It multiplies by rows.');
      for (let row = 0; row < m; row += 1) {
        for (let of = 0; of < n; of += 1) {
          let [sum, squares, others] = [0, 0, 0];
          for (let at = 0; at < k; at += 1) {
            const [x, y] = [a[row * k + at] ?? NaN, b[of * k + at] ?? NaN];
            sum += x * y;
            squares += x * x;
            others += y * y;
          }
          const error = Math.sqrt(squares * others) * k * 2 ** -24 * roundings;
          c[row * n + of] = scale * (sum + error * (random.below(3) - 1));
        }
      }
    },
  };
}
