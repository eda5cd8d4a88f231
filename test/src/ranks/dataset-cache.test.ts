import { expect, test } from '@jest/globals';
import { RankGround } from './gang-of-processes.js';

const ROWS = 60_000;
/** Little to train on, and much to read. */
const TEXTS = ['a', 'b', 'c'].map((letter) => letter.repeat(800));
const CSV = `x,t,y\n${Array.from({ length: ROWS }, (_, row) => `${(row * 7919) % 1009},${TEXTS[row % 3] ?? ''},${row % 2}`).join('\n')}\n`;

test('of sixteen trials over one dataset one reads it, and all train on the same', async () => {
  const ground = await RankGround.open(CSV);
  try {
    const request = { epochs: 2, earlyStopping: false };
    const trials = Array.from({ length: 16 }, (_, at) => ground.run({ attempt: at + 1, ranks: 1, request }));
    const ends = (await Promise.all(trials)).flat();
    const models = ends.map(({ reports }) => {
      const last = reports.at(-1);
      return last?.kind === 'result' ? last.result.files.find(({ role }) => role === 'native')?.sha256 : last;
    });
    expect(new Set(models).size).toBe(1);
    expect(models[0]).toMatch(/^[0-9a-f]{64}$/);
    // The kernel's count, in sizes of the file: one to fetch it, two to parse it. Whoever did neither has read less than the file.
    const read = ends.map(({ readBytes }) => readBytes / CSV.length);
    expect(read.filter((times) => times >= 1)).toEqual([expect.any(Number)]);
    expect(Math.max(...read)).toBeGreaterThan(2);
  } finally {
    await ground.close();
  }
}, 240_000);
