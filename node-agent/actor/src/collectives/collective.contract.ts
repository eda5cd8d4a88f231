import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Collective, Numbers, Reduction } from './collective.js';

/** Joined ranks, by rank. */
export interface JoinedRanks {
  readonly ranks: readonly Collective[];
  close(): Promise<void>;
}

type Kind = 'Float64Array' | 'Float32Array' | 'Int32Array' | 'Uint8Array';
const make = (kind: Kind, values: readonly number[]): Numbers => {
  switch (kind) {
    case 'Float64Array':
      return Float64Array.from(values);
    case 'Float32Array':
      return Float32Array.from(values);
    case 'Int32Array':
      return Int32Array.from(values);
    case 'Uint8Array':
      return Uint8Array.from(values);
  }
};
const bits = (values: Numbers): string => Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('hex');

/** What every adapter of `Collective` does, with so many ranks. */
export function collectiveContract(name: string, worldSize: number, join: () => Promise<JoinedRanks>): void {
  describe(`${name}, ${worldSize} ranks`, () => {
    let joined: JoinedRanks;
    const all = <T>(operate: (rank: Collective, at: number) => Promise<T>): Promise<T[]> => Promise.all(joined.ranks.map(operate));
    beforeEach(async () => {
      joined = await join();
    });
    afterEach(() => joined.close());

    test('an all-reduce gives every rank the same bits, as the sum, least or greatest of all', async () => {
      const lists = fc.integer({ min: 0, max: 40 }).chain((length) =>
        fc.record({
          lists: fc.array(fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: length, maxLength: length }), {
            minLength: worldSize,
            maxLength: worldSize,
          }),
          kind: fc.constantFrom<Kind>('Float64Array', 'Float32Array', 'Int32Array'),
          reduction: fc.constantFrom<Reduction>('sum', 'min', 'max'),
        }),
      );
      await fc.assert(
        fc.asyncProperty(lists, async ({ lists: values, kind, reduction }) => {
          const given = values.map((list) => make(kind, list));
          const before = values.map((list) => make(kind, list));
          const results = await all((rank, at) => rank.allReduce(given[at] ?? make(kind, []), reduction));
          expect(new Set(results.map(bits)).size).toBe(1);
          results.forEach((result, at) => expect(result).toBe(given[at]));
          const [first] = results;
          for (let at = 0; at < (first?.length ?? 0); at += 1) {
            const column = before.map((list) => list[at] ?? 0);
            const sum = column.reduce((a, b) => a + b, 0);
            const expected = reduction === 'sum' ? sum : Math[reduction](...column);
            const tolerance = kind === 'Float32Array' ? 1 : 1e-6;
            expect(Math.abs((first?.[at] ?? NaN) - expected)).toBeLessThanOrEqual(tolerance);
          }
        }),
        { numRuns: 40 },
      );
    });
    test('the same all-reduce gives the same bits again', async () => {
      const values = (at: number): Float64Array => Float64Array.from({ length: 1001 }, (_, index) => Math.sin(index * (at + 1)) * 1e3);
      const once = await all((rank, at) => rank.allReduce(values(at), 'sum'));
      const again = await all((rank, at) => rank.allReduce(values(at), 'sum'));
      expect(again.map(bits)).toEqual(once.map(bits));
    });
    test('a broadcast gives everybody the array of its root, whatever the others gave', async () => {
      const root = worldSize - 1;
      const got = await all((rank, at) => rank.broadcast(at === root ? Int32Array.of(1, 2, 3) : new Int32Array(0), root));
      expect(got.map((values) => [...values])).toEqual(joined.ranks.map(() => [1, 2, 3]));
    });
    test('a gather gives its root the arrays by rank, of any lengths, and the others none', async () => {
      for (let root = 0; root < worldSize; root += 1) {
        const got = await all((rank, at) => rank.gather(new Float32Array(at).fill(at), root));
        const expected = joined.ranks.map((_, at) => Array.from({ length: at }, () => at));
        expect(got.map((lists) => lists.map((list) => [...list]))).toEqual(joined.ranks.map((_, at) => (at === root ? expected : [])));
      }
    });
    test('an all-gather gives everybody the arrays by rank, of any lengths, and changes none', async () => {
      const given = joined.ranks.map((_, at) => new Float32Array(at).fill(at));
      const got = await all((rank, at) => rank.allGather(given[at] ?? new Float32Array(0)));
      const expected = joined.ranks.map((_, at) => Array.from({ length: at }, () => at));
      expect(got.map((lists) => lists.map((list) => [...list]))).toEqual(joined.ranks.map(() => expected));
      expect(given.map((list) => [...list])).toEqual(expected);
    });
    test('nobody passes a barrier before all have come', async () => {
      let arrived = 0;
      const seen = await all(async (rank) => {
        arrived += 1;
        await rank.barrier();
        return arrived;
      });
      expect(seen).toEqual(joined.ranks.map(() => worldSize));
    });
    test('operations that are not awaited run in their order', async () => {
      const got = await all((rank, at) =>
        Promise.all([
          rank.allReduce(Int32Array.of(at), 'sum'),
          rank.broadcast(Int32Array.of(at * 10), 0),
          rank.allReduce(Int32Array.of(at), 'max'),
        ]),
      );
      const sum = (worldSize * (worldSize - 1)) / 2;
      expect(got.map((lists) => lists.map((list) => list[0]))).toEqual(joined.ranks.map(() => [sum, 0, worldSize - 1]));
    });
    test('megabytes arrive whole', async () => {
      const long = (at: number): Float64Array => new Float64Array(500_000 + 7).fill(at + 1);
      const sums = await all((rank, at) => rank.allReduce(long(at), 'sum'));
      const expected = (worldSize * (worldSize + 1)) / 2;
      expect(sums.map((sum) => sum.every((value) => value === expected))).toEqual(joined.ranks.map(() => true));
      const lengths = joined.ranks.map((_, at) => [500_007, at + 1]);
      const gathered = await all((rank, at) => rank.gather(long(at), 0));
      expect(gathered[0]?.map((list) => [list.length, list.at(-1)])).toEqual(lengths);
      const gatheredByAll = await all((rank, at) => rank.allGather(long(at)));
      expect(gatheredByAll.map((lists) => lists.map((list) => [list.length, list.at(-1)]))).toEqual(joined.ranks.map(() => lengths));
    });
  });
}
