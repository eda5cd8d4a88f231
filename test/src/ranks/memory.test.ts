import { describe, expect, test } from '@jest/globals';
import { CATALOG } from '@trainer/model';
import { memoryCases, peakShare } from './peak-memory.js';

/** More tables, of a million cells: `npm run bench -- memory`. */
describe.each(CATALOG)('a rank that trains $modelId', (entry) => {
  test.each(memoryCases(entry))(
    'on %j takes no more memory than is estimated, and no less than half of it',
    async (one) => {
      const share = await peakShare(entry, one);
      expect({ share, isIn: share >= 0.5 && share <= 1 }).toEqual({ share, isIn: true });
    },
    300_000,
  );
});
