import { CATALOG } from '@trainer/model';
import { longMemoryCases, peakShare } from '@trainer/test';
import { round } from '../measuring/statistics.js';
import { prove } from '../measuring/timing.js';
import { isWanted } from '../measuring/wanted.js';
import type { Bench, Results } from './bench.js';

const DIGITS = 2;

/** A rank's peak memory by what the catalog estimates of it, for every model, small and large tables, narrow and wide ones. */
export const memory: Bench = {
  name: 'memory',
  about: "each model's peak memory as a share of its estimate, on small and large, narrow and wide tables",
  ray: null,
  run: async ({ say }) => {
    const results: Record<string, Results> = {};
    const out: string[] = [];
    for (const entry of CATALOG.filter(({ modelId }) => isWanted('BENCH_MODELS', modelId))) {
      const shares: Record<string, number> = {};
      for (const one of longMemoryCases(entry)) {
        const what = JSON.stringify(one);
        const share = round(await peakShare(entry, one), DIGITS);
        say(`${entry.modelId} on ${what}: ${share}`);
        shares[what] = share;
        if (share < 0.5 || share > 1) out.push(`${entry.modelId} on ${what}: ${share}`);
      }
      results[entry.modelId] = shares;
    }
    prove(out.length === 0, `every peak is between half of its estimate and all of it, and not ${out.join('; ')}`);
    return results;
  },
};
