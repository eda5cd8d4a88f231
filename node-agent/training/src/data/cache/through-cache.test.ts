import { existsSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { deferred, isLock, systemClock, takeProcessLock, until } from '@trainer/runtime';
import { manualClock } from '@trainer/runtime/testing';
import { smallDisk } from '@trainer/storage/testing';
import { aSource, CacheGround } from './cache.fixture.js';

const wait = { clock: systemClock(), deadlineMs: 10_000 };
let ground: CacheGround;
let grounds: CacheGround[];
const another = (...args: ConstructorParameters<typeof CacheGround>): CacheGround => {
  const made = new CacheGround(...args);
  grounds.push(made);
  return made;
};
beforeEach(() => {
  grounds = [];
  ground = another();
});
afterEach(() => grounds.forEach((one) => one.remove()));

/** Changes the last byte of the only entry. */
function damage({ folder, files }: CacheGround, change: (bytes: Buffer) => void): void {
  const path = join(folder, files.call(ground, '.columns')[0] ?? '');
  const bytes = readFileSync(path);
  change(bytes);
  chmodSync(path, 0o600);
  writeFileSync(path, bytes);
}

describe('what was read', () => {
  test('is there for all that come after, and the same', async () => {
    const source = aSource('a.csv', ['x', 'y']);
    const first = await ground.read(source);
    const dataset = await ground.open(source);
    expect(dataset).toMatchObject({
      format: 'csv',
      columnNames: ['x', 'y'],
      rows: 3,
      fingerprint: 'sha256:of a.csv',
      warnings: ['of the file'],
    });
    const second = await dataset.read(['y', 'x']);
    dataset.close();
    expect(source).toMatchObject({ opened: 1, asked: [['x', 'y']], closed: 1 });
    expect(second.columns).toEqual([...first.columns].reverse());
    expect(second.missingTexts).toEqual(first.missingTexts);
    expect(second.warnings).toEqual(first.warnings);
  });
  test('is still used after its dataset is closed', async () => {
    const source = aSource('a.csv', ['x'], 100_000);
    await ground.read(source);
    const { columns } = await ground.read(source);
    expect(columns).toEqual(source.columns);
  });
  test('is not used where the object is another one by now', async () => {
    const source = aSource('a.csv', ['x']);
    await ground.read(source);
    const changed = new Error('changed');
    await expect(ground.open(source, { check: () => Promise.reject(changed) })).rejects.toBe(changed);
    await ground.read(source, { dataset: { bucket: 'data', key: 'a.csv', etag: '"2"' } });
    expect(source.opened).toBe(2);
  });
  test('by another build is read anew', async () => {
    const source = aSource('a.csv', ['x']);
    await ground.read(source, { readBy: 'an older build' });
    await ground.read(source);
    expect(source.opened).toBe(2);
  });
  test('serves those that leave columns out, too', async () => {
    const source = aSource('a.csv', ['x', 'y', 'z']);
    await ground.read(source);
    const { columns } = await ground.read(source, { excluded: ['y', 'unknown'] });
    expect(columns.map(({ name }) => name)).toEqual(['x', 'z']);
    expect(source.opened).toBe(1);
  });
  test('without a column does not serve those that want it, and both are kept', async () => {
    const source = aSource('a.csv', ['x', 'y', 'z']);
    await ground.read(source, { excluded: ['y'] });
    await ground.read(source);
    expect(source.asked).toEqual([
      ['x', 'z'],
      ['x', 'y', 'z'],
    ]);
    await ground.read(source, { excluded: ['y'] });
    await ground.read(source);
    expect([source.opened, ground.files('.columns').length]).toEqual([2, 2]);
  });
  test('with warnings of its columns serves those alone that read the same columns', async () => {
    const source = aSource('a.csv', ['x', 'y'], 3, ['of one of the columns']);
    await ground.read(source);
    expect((await ground.read(source)).warnings).toEqual(['of one of the columns']);
    expect(source.opened).toBe(1);
    await ground.read(source, { excluded: ['y'] });
    expect(source.opened).toBe(2);
  });
  test('tells the line of a row, for which the file is fetched once more', async () => {
    const source = aSource('a.csv', ['x']);
    await ground.read(source);
    const dataset = await ground.open(source);
    const table = await dataset.read(['x']);
    expect(await Promise.all([table.locate(0), table.locate(2)])).toEqual([
      { unit: 'line', number: 2 },
      { unit: 'line', number: 4 },
    ]);
    dataset.close();
    expect(source).toMatchObject({ opened: 2, closed: 2 });
  });
  test('tells the row, where its file is not to be had any more', async () => {
    const source = aSource('a.csv', ['x']);
    await ground.read(source);
    const dataset = await ground.open(source, { open: () => Promise.reject(new Error('gone')) });
    expect(await (await dataset.read(['x'])).locate(2)).toEqual({ unit: 'row', number: 3 });
    dataset.close();
  });
});

describe('while another rank reads', () => {
  test('others wait, say that they do not work, and have it then', async () => {
    const source = aSource('a.csv', ['x']);
    const reader = await ground.open(source);
    const readers = Array.from({ length: 5 }, () => ground.read(source));
    expect(ground.working).toEqual([false, true, ...Array<boolean>(5).fill(false)]);
    await reader.read(['x']);
    await Promise.all(readers);
    expect(source.opened).toBe(1);
    expect(ground.working.filter((isWorking) => isWorking)).toHaveLength(6);
    reader.close();
  });
  test('a cancel ends the wait', async () => {
    const source = aSource('a.csv', ['x']);
    const reader = await ground.open(source);
    const waiting = ground.read(source);
    ground.isCancelled = true;
    await expect(waiting).rejects.toMatchObject({ code: 'cache.cancelled' });
    reader.close();
  });
  test.each([
    ['ends without having read', async () => undefined],
    ['fails', async (dataset: Awaited<ReturnType<CacheGround['open']>>) => expect(dataset.read(['x'])).rejects.toThrow('broken')],
  ])('one that %s is followed by the next', async (_what, end) => {
    const source = aSource('a.csv', ['x']);
    const reader = await ground.open(source, { failure: new Error('broken') });
    const next = ground.read(source);
    await end(reader);
    reader.close();
    await next;
    expect(source.opened).toBe(2);
    await until('nothing but the entry is left', () => ground.files().length === 1, wait);
  });
  test('one whose file can not be fetched is followed by the next', async () => {
    const source = aSource('a.csv', ['x']);
    const fetched = deferred<never>();
    const reader = ground.open(source, { open: () => fetched.promise });
    await until('it fetches', () => existsSync(ground.folder) && ground.files('.lock').length === 1, wait);
    const next = ground.read(source);
    fetched.reject(new Error('the store is away'));
    await expect(reader).rejects.toThrow('the store is away');
    await next;
    expect(source.opened).toBe(1);
  });
  test('another dataset is read beside it', async () => {
    const reader = await ground.open(aSource('a.csv', ['x']));
    await ground.read(aSource('b.csv', ['x']));
    reader.close();
  });
});

describe('what is damaged', () => {
  test.each([
    ['its values', (bytes: Buffer) => (bytes[bytes.length - 1] = 0xff)],
    ['its beginning', (bytes: Buffer) => (bytes[50] = 0xff)],
    ['all of it', (bytes: Buffer) => bytes.fill(7)],
  ])('in %s is removed, said in the log, and read anew', async (_what, change) => {
    const source = aSource('a.csv', ['x']);
    await ground.read(source);
    damage(ground, change);
    expect((await ground.read(source)).columns).toEqual(source.columns);
    expect(ground.log).toEqual([expect.stringMatching(/can't be used: .*It is removed, and the dataset is read anew/)]);
    await ground.read(source);
    expect(source.opened).toBe(2);
  });
  test('by being cut is removed too', async () => {
    const source = aSource('a.csv', ['x']);
    await ground.read(source);
    const path = join(ground.folder, ground.files()[0] ?? '');
    truncateSync(path, statSync(path).size - 1);
    await ground.read(source);
    await ground.read(source);
    expect([source.opened, ground.log.length]).toEqual([2, 1]);
  });
  test('while several wait is read anew by one of them', async () => {
    const source = aSource('a.csv', ['x']);
    await ground.read(source);
    damage(ground, (bytes) => (bytes[bytes.length - 1] = 0xff));
    const tables = await Promise.all(Array.from({ length: 5 }, () => ground.read(source)));
    for (const { columns } of tables) expect(columns).toEqual(source.columns);
    expect(source.opened).toBe(2);
  });
  test('and can not be removed hinders nobody', async () => {
    const source = aSource('a.csv', ['x']);
    await ground.read(source);
    const path = join(ground.folder, ground.files()[0] ?? '');
    rmSync(path);
    mkdirSync(path);
    expect((await ground.read(source)).columns).toEqual(source.columns);
    expect(source.opened).toBe(2);
  });
});

describe('room', () => {
  const ROWS = 1_000;
  /** Of an entry of one column. */
  const ENTRY_BYTES = 8 * ROWS + 600;

  test('a quota of 0 keeps nothing', async () => {
    const none = another(0);
    const source = aSource('a.csv', ['x']);
    await none.read(source);
    await none.read(source);
    expect([source.opened, existsSync(none.folder)]).toEqual([2, false]);
  });
  test('what is larger than the quota is not kept, and nothing goes for it', async () => {
    const small = another(ENTRY_BYTES);
    await small.read(aSource('a.csv', ['x'], ROWS));
    const large = aSource('b.csv', ['x'], 2 * ROWS);
    await small.read(large);
    await small.read(large);
    expect([large.opened, small.files('.columns').length]).toEqual([2, 1]);
    expect(small.log).toEqual([]);
  });
  test('the entry that was used longest ago goes first', async () => {
    const clock = manualClock(1_700_000_000_000);
    const small = another(2 * ENTRY_BYTES, clock);
    const [a, b, c] = ['a.csv', 'b.csv', 'c.csv'].map((key) => aSource(key, ['x'], ROWS));
    if (!a || !b || !c) throw new RangeError('three');
    for (const source of [a, b, a, c]) {
      clock.advance(1_000);
      await small.read(source);
    }
    expect([a.opened, b.opened, c.opened, small.files().length]).toEqual([1, 1, 1, 2]);
    await small.read(a);
    await small.read(c);
    await small.read(b);
    expect([a.opened, b.opened, c.opened]).toEqual([1, 2, 1]);
  });
  test('many entries never take more than the quota', async () => {
    const small = another(10 * ENTRY_BYTES);
    for (let at = 0; at < 40; at += 1) {
      await small.read(aSource(`${at}.csv`, ['x'], 1 + ((at * 379) % (3 * ROWS))));
      const bytes = small.files().map((name) => statSync(join(small.folder, name)).size);
      expect(bytes.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(10 * ENTRY_BYTES);
    }
    expect(small.files().length).toBeGreaterThan(4);
  });
  test('what is mapped stays where its file goes', async () => {
    const small = another(ENTRY_BYTES);
    const source = aSource('a.csv', ['x'], ROWS);
    await small.read(source);
    const dataset = await small.open(source);
    await small.read(aSource('b.csv', ['x'], ROWS));
    expect((await dataset.read(['x'])).columns).toEqual(source.columns);
    dataset.close();
    expect(source.opened).toBe(1);
  });
  test('what is being written counts, and nothing goes where that would not do', async () => {
    const small = another(2 * ENTRY_BYTES);
    const source = aSource('a.csv', ['x'], ROWS);
    await small.read(source);
    const writer = await takeProcessLock(join(small.folder, '0123.lock'), { clock: systemClock(), patienceMs: 0 });
    writeFileSync(join(small.folder, '0123.partial'), Buffer.alloc(2 * ENTRY_BYTES));
    const other = aSource('b.csv', ['x'], ROWS);
    await small.read(other);
    await small.read(other);
    await small.read(source);
    expect([source.opened, other.opened]).toEqual([1, 2]);
    if (isLock(writer)) await writer.release();
    await small.read(other);
    await small.read(other);
    expect([other.opened, small.files('.partial')]).toEqual([3, []]);
  });
  test('what a killed reader has left is removed', async () => {
    await ground.read(aSource('a.csv', ['x']));
    const [entry] = ground.files();
    // Of a process that never was: no system gives so high a number.
    for (const name of ['0123.lock', '0123.lock.removing', '4567.lock.draft']) writeFileSync(join(ground.folder, name), '999999999 1\n');
    utimesSync(join(ground.folder, '4567.lock.draft'), 1, 1);
    for (const name of ['0123.partial', '89ab.partial']) writeFileSync(join(ground.folder, name), 'half');
    // Two steps where it was killed while it took another's lock away.
    for (const key of ['b.csv', 'c.csv']) await ground.read(aSource(key, ['x']));
    expect(ground.files().filter((name) => !name.endsWith('.columns'))).toEqual([]);
    expect(ground.files('.columns')).toContain(entry);
  });
});

describe('a disk', () => {
  test('that has no room for an entry keeps none, and the dataset is read all the same', async () => {
    const disk = await smallDisk(2 ** 20);
    if (disk === null) return console.warn('skipped: a small disk takes root and Linux');
    try {
      const there = another(2 ** 30, systemClock(), join(disk.path, 'datasets'));
      const small = aSource('small.csv', ['x']);
      await there.read(small);
      const source = aSource('a.csv', ['x'], 2 ** 17);
      expect((await there.read(source)).columns).toEqual(source.columns);
      await there.read(small);
      expect([small.opened, there.files().length]).toEqual([1, 1]);
    } finally {
      await disk.close();
    }
  });
  test('that takes no more files likewise', async () => {
    const disk = await smallDisk(2 ** 20, 1);
    if (disk === null) return console.warn('skipped: a small disk takes root and Linux');
    try {
      const there = another(2 ** 30, systemClock(), join(disk.path, 'datasets'));
      const source = aSource('a.csv', ['x']);
      expect((await there.read(source)).columns).toEqual(source.columns);
      expect(there.log).toEqual([expect.stringContaining('no space left')]);
    } finally {
      await disk.close();
    }
  });
  test('has room for what is downloaded before it has for what was read', async () => {
    const disk = await smallDisk(2 ** 20);
    if (disk === null) return console.warn('skipped: a small disk takes root and Linux');
    try {
      const there = another(2 ** 30, systemClock(), join(disk.path, 'datasets'));
      for (const key of ['a.csv', 'b.csv', 'c.csv']) await there.read(aSource(key, ['x'], 2 ** 15));
      expect(there.files()).toHaveLength(3);
      there.cache().giveWay(2 ** 19);
      expect(there.files()).toHaveLength(1);
      there.cache().giveWay(2 ** 20);
      expect(there.files()).toEqual([]);
    } finally {
      await disk.close();
    }
  });
  test('on which the folder can not be made costs a line in the log', async () => {
    const there = another(2 ** 30, systemClock(), '/dev/null/datasets');
    const source = aSource('a.csv', ['x']);
    expect((await there.read(source)).columns).toEqual(source.columns);
    expect(there.log).toEqual([expect.stringContaining("The dataset cache can't be used now")]);
  });
});
