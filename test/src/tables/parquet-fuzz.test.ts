import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { PYTHON_SETUP_MS, testPython } from '../python.js';
import { parquetDifference, type WrittenColumn } from './against-arrow.js';

const FILES = 150;

test(
  'what pyarrow and polars write is read with its values, in every codec, encoding and version of pages',
  async () => {
    const python = await testPython('requirements-frames.txt');
    const folder = await mkdtemp(join(tmpdir(), 'trainer-parquet-'));
    try {
      const seeds = Array.from({ length: FILES }, (_, index) => index + 1);
      const written = (await python.run('fuzz_parquet.py', { folder, seeds })) as WrittenColumn[][];
      const problems: string[] = [];
      for (const [index, columns] of written.entries()) {
        const problem = await parquetDifference(join(folder, `${seeds[index]}.parquet`), columns);
        if (problem !== null) problems.push(`seed ${seeds[index]}: ${problem}`);
      }
      expect([written.length, problems]).toEqual([FILES, []]);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  PYTHON_SETUP_MS,
);
