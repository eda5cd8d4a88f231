import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { LIGHTGBM_FOLDER } from '../learning/rows.fixture.js';
import { openLightgbm } from './lightgbm-library.js';

test('a folder without the library is named, with the mend', async () => {
  await expect(openLightgbm('/nowhere')).rejects.toMatchObject({
    code: 'engine.unavailable',
    message: expect.stringMatching(/no such file.*npm start/),
    retry: 'elsewhere',
  });
});

test('a file that is no library is named with the reason', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lightgbm-'));
  await mkdir(join(folder, 'lightgbm', 'lib'), { recursive: true });
  await writeFile(join(folder, 'lightgbm', 'lib', 'lib_lightgbm.so'), 'no library');
  await expect(openLightgbm(folder)).rejects.toMatchObject({ code: 'engine.unavailable', facts: { engine: 'LightGBM' } });
  await rm(folder, { recursive: true });
});

test('the version is that of the wheel', async () => {
  expect((await openLightgbm(LIGHTGBM_FOLDER)).version).toBe('4.7.0');
});

test("a model that can't be read is an error of the engine", async () => {
  const library = await openLightgbm(LIGHTGBM_FOLDER);
  expect(() => library.readModel('no model')).toThrow(expect.objectContaining({ code: 'engine.failed' }));
});
