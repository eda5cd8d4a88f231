import { expect, test } from '@jest/globals';
import { compareLeases, leaseId, type LeaseId } from '@trainer/model';
import fc from 'fast-check';
import { Tombstones, type Tombstone } from './tombstones.js';

const tombstone = (n: number): Tombstone => ({
  reserve: { kind: 'granted' },
  start: { kind: 'refused', reason: 'tombstone', message: String(n) },
});
const anyLease = fc.integer({ min: 1, max: 300 }).map((n) => leaseId(`1-${n}`));
/** What is done to which of the values that there are. */
const anyStep = fc.record({ value: fc.nat(), lease: anyLease, do: fc.constantFrom('add', 'add', 'add', 'add', 'mark') });

/** The same by a copied map. */
interface Plain {
  readonly map: ReadonlyMap<LeaseId, Tombstone>;
  readonly mark: LeaseId;
}

const ALL = Array.from({ length: 300 }, (_, i) => leaseId(`1-${i + 1}`));
const sorted = (entries: Iterable<readonly [LeaseId, Tombstone]>): string =>
  [...entries]
    .map((entry) => JSON.stringify(entry))
    .sort()
    .join();

test('every value is as a map of its own would be, whatever becomes of the values it shares its memory with', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 400, size: 'max' }), (steps) => {
      const values: { real: Tombstones; plain: Plain }[] = [{ real: Tombstones.none(), plain: { map: new Map(), mark: leaseId('1-1') } }];
      for (const [n, step] of steps.entries()) {
        // Mostly the newest one, as an agent does.
        const from = values[step.value % 4 === 0 ? step.value % values.length : values.length - 1] ?? {
          real: Tombstones.none(),
          plain: values[0]?.plain,
        };
        const { real, plain } = from as { real: Tombstones; plain: Plain };
        values.push(step.do === 'add' ? added(real, plain, step.lease, n) : marked(real, plain, step.lease));
      }
      for (const { real, plain } of values.slice(-20)) {
        expect(sorted(real)).toBe(sorted(plain.map));
        const found = ALL.filter((lease) => real.get(lease) !== undefined);
        expect(found).toEqual(ALL.filter((lease) => plain.map.has(lease)));
      }
    }),
    { numRuns: 30 },
  );
});

function added(real: Tombstones, plain: Plain, lease: LeaseId, n: number): { real: Tombstones; plain: Plain } {
  const isNew = !plain.map.has(lease) && compareLeases(lease, plain.mark) >= 0;
  return { real: real.with(lease, tombstone(n)), plain: isNew ? { ...plain, map: new Map(plain.map).set(lease, tombstone(n)) } : plain };
}

function marked(real: Tombstones, plain: Plain, mark: LeaseId): { real: Tombstones; plain: Plain } {
  const newer = compareLeases(mark, plain.mark) > 0 ? mark : plain.mark;
  const map = new Map([...plain.map].filter(([lease]) => compareLeases(lease, newer) >= 0));
  return { real: real.from(newer), plain: { map, mark: newer } };
}
