import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CATALOG, hasClasses, hasTarget, type TaskType, type TrainingResult } from '@trainer/model';
import { aTrainRequest } from '@trainer/model/testing';
import { seededRandom } from '@trainer/runtime/testing';
import { PYTHON_SETUP_MS, testPython, type TestPython } from '../python.js';
import { RankGround } from './gang-of-processes.js';

/*
 * What holds for every model of the catalog, trained by the processes of one and of three ranks over a table as people have it.
 */

const ROWS = 900;
const EPOCHS = 10;
/** A `.pkl` answers in float32, and the file of predictions is written with six digits or more. */
const NEAR = 1e-5;

interface Table {
  readonly csv: string;
  readonly targets: readonly string[];
}

/**
 * Numbers with gaps, booleans, dates, few levels and many. The target has three classes, or is a number of deviation 1, so that its
 * errors are as large as shares are.
 */
function tableFor(task: TaskType): Table {
  const next = seededRandom(3);
  const lines = Array.from({ length: ROWS }, () => {
    const [first, second, level] = [next() * 2 - 1, next() * 2 - 1, Math.floor(next() * 4)];
    const signal = first + second * Number(level > 1) + next() / 2;
    const day = new Date(Date.UTC(2020, 0, 1 + Math.floor(next() * 900))).toISOString().slice(0, 10);
    const cells = [next() < 0.1 ? '' : first.toFixed(6), second.toFixed(6), `level ${level}`, `town ${Math.floor(next() * 60)}`];
    const target = hasClasses(task) ? (['low', 'middle', 'high'][Math.floor(signal + 1.5)] ?? 'high') : (signal / 0.75).toFixed(6);
    return { cells: [...cells, next() < 0.05 ? '' : day, String(next() < 0.5)], target };
  });
  const text = lines.map(({ cells, target }) => [...cells, target].join()).join('\n');
  return { csv: `first,second,"few, ""é""",many,when,is it,y\n${text}\n`, targets: lines.map(({ target }) => target) };
}

let python: TestPython;
beforeAll(async () => {
  python = await testPython('requirements-frames.txt');
}, PYTHON_SETUP_MS);

describe.each(CATALOG)('$modelId', (entry) => {
  const table = tableFor(entry.task);
  const worlds = entry.ranks === null ? [1] : [1, 3];
  const results: TrainingResult[] = [];
  const pickles: { readonly values: readonly (readonly number[])[]; readonly classes: readonly string[] | null }[] = [];
  let predictions = '';
  let ground: RankGround;
  let folder = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trainer-catalog-'));
    ground = await RankGround.open(table.csv);
    const request = aTrainRequest({ modelId: entry.modelId, taskType: entry.task, epochs: EPOCHS, earlyStopping: false });
    for (const ranks of worlds) {
      const [first] = await ground.run({ ranks, request });
      const last = first?.reports.at(-1);
      if (last?.kind !== 'result') throw new Error(`${entry.modelId} of ${ranks} ranks: ${JSON.stringify(last)}`);
      results.push(last.result);
    }
    await writeFile(join(folder, 'table.csv'), table.csv);
    const pkls = await Promise.all(results.map((result, at) => fetched(result, 'pkl', `${at}.pkl`)));
    pickles.push(...((await python.run('predict_frames.py', { csv: join(folder, 'table.csv'), pkls })) as typeof pickles));
    const [one] = results;
    if (one) predictions = await readFile(await fetched(one, 'predictions', 'predictions.csv'), 'utf8');
  }, 300_000);
  afterAll(async () => {
    await ground?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function fetched(result: TrainingResult, role: string, name: string): Promise<string> {
    const key = result.files.find((file) => file.role === role)?.key ?? '';
    await pipeline((await ground.store.get('models', key)).stream, createWriteStream(join(folder, name)));
    return join(folder, name);
  }

  test('its pickle predicts in plain Python, of raw rows, what the trainer did', () => {
    const [, ...lines] = predictions.trimEnd().split('\n');
    const [pickle] = pickles;
    const far = lines.filter((line) => {
      if (!hasTarget(entry.task)) {
        const [row, cluster] = line.split(',').map(Number);
        return pickle?.values[row ?? -1]?.join() !== String(cluster);
      }
      const [target, label, ...shares] = line.split(',');
      const wanted = pickle?.classes === null ? [Number(label)] : shares.map(Number);
      // The split draws the rows; the file names them by their target alone.
      const rows = pickle?.values.filter((_, row) => table.targets[row] === target || Number(table.targets[row]) === Number(target)) ?? [];
      return !rows.some((row) => row.length === wanted.length && row.every((value, at) => Math.abs(value - (wanted[at] ?? NaN)) <= NEAR));
    });
    expect([lines.length, far]).toEqual([hasTarget(entry.task) ? Math.ceil(ROWS / 5) : ROWS, []]);
  });

  test('its scores are the same for each number of ranks, within what it states; so are the predictions where it states 0', () => {
    const tolerance = entry.ranks?.tolerance ?? 0;
    const [one] = results;
    for (const [at, other] of results.entries()) {
      expect(other.baseline).toEqual(one?.baseline);
      const far = Object.entries(one?.metrics ?? {}).filter(([name, value]) => !isNear(value, other.metrics[name], tolerance));
      expect([worlds[at], far]).toEqual([worlds[at], []]);
      if (tolerance === 0) expect(pickles[at]).toEqual(pickles[0]);
    }
    expect(Object.values(one?.metrics ?? {}).filter((value) => value !== null).length).toBeGreaterThan(0);
  });
});

function isNear(one: number | null, other: number | null | undefined, tolerance: number): boolean {
  return one === null || typeof other !== 'number' ? one === other : Math.abs(one - other) <= tolerance;
}
