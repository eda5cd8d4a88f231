/**
 * Reads made-up files by pandas and by us: `node test/dist/tables/long-run.js [files] [seed]`. Prints each kind of difference with
 * a file that shows it.
 */
import { testPython } from '../python.js';
import { compareAll, difference } from './against-pandas.js';
import { tableCase } from './table-cases.js';

const [files = 10_000, firstSeed = 1] = process.argv.slice(2).map(Number);
const AT_ONCE = 2_000;
const python = await testPython();
const kinds = new Map<string, { count: number; seed: number; text: string }>();
let [read, refused] = [0, 0];
for (let seed = firstSeed; seed < firstSeed + files; seed += AT_ONCE) {
  const seeds = Array.from({ length: Math.min(AT_ONCE, firstSeed + files - seed) }, (_, index) => seed + index);
  const compared = await compareAll(python, seeds.map(tableCase));
  compared.forEach((one, index) => {
    if ('error' in one.ours) refused += 1;
    else read += 1;
    for (const problem of [difference(one), one.unsteady && `shares change what is read: ${one.unsteady}`]) {
      if (!problem) continue;
      const kind = problem.replaceAll(/\d+/g, '#').slice(0, 60);
      const known = kinds.get(kind);
      if (known) known.count += 1;
      else
        kinds.set(kind, { count: 1, seed: seeds[index] ?? 0, text: `${problem}\n    ${JSON.stringify(one.input.bytes.toString('utf8'))}` });
    }
  });
}
console.log(`${files} files from seed ${firstSeed}: ${read} read, ${refused} refused; ${kinds.size} kinds of difference`);
for (const { count, seed, text } of [...kinds.values()].sort((a, b) => b.count - a.count)) console.log(`${count} x seed ${seed}: ${text}`);
process.exitCode = kinds.size === 0 ? 0 : 1;
