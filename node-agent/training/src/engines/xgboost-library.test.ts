import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { openXgboost } from './xgboost-library.js';

test('a folder without the library is named, with the mend', async () => {
  await expect(openXgboost('/nowhere')).rejects.toMatchObject({
    code: 'engine.unavailable',
    message: expect.stringMatching(/no such file.*npm start/),
    retry: 'elsewhere',
  });
});

test('a file that is no library is named with the reason', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'xgboost-'));
  await mkdir(join(folder, 'xgboost', 'lib'), { recursive: true });
  await writeFile(join(folder, 'xgboost', 'lib', 'libxgboost.so'), 'no library');
  await expect(openXgboost(folder)).rejects.toMatchObject({ code: 'engine.unavailable', facts: { engine: 'XGBoost' } });
  await rm(folder, { recursive: true });
});
