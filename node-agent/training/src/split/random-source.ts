/** A source of random numbers that gives the same ones for a seed, on every machine. */
export interface RandomSource {
  /** A whole number from 0 to `limit - 1`, each as likely; `limit` is 1 to 2^32. */
  below(limit: number): number;
}

/**
 * xoshiro128** 1.1 (Blackman and Vigna, 2018, prng.di.unimi.it), its state filled by splitmix32 from the seed (the finaliser of
 * MurmurHash3 over a Weyl sequence). Not for secrets.
 */
export function seededSource(seed: number): RandomSource {
  let mixed = seed >>> 0;
  const splitmix = (): number => {
    mixed = (mixed + 0x9e3779b9) >>> 0;
    let z = mixed;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  let [a, b, c, d] = [splitmix(), splitmix(), splitmix(), splitmix()];
  const next = (): number => {
    const result = Math.imul(rotated(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotated(d, 11);
    return result;
  };
  return {
    below(limit) {
      // Numbers past the last whole multiple of the limit would make the low ones likelier.
      const usable = 2 ** 32 - (2 ** 32 % limit);
      let value = next();
      while (value >= usable) value = next();
      return value % limit;
    },
  };
}

function rotated(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** Shuffles in place (Durstenfeld's form of Fisher and Yates). */
export function shuffle(values: Int32Array, random: RandomSource): void {
  for (let last = values.length - 1; last > 0; last -= 1) {
    const other = random.below(last + 1);
    const moved = values[last] ?? 0;
    values[last] = values[other] ?? 0;
    values[other] = moved;
  }
}
