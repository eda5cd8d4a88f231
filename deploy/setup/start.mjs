/** `npm start`: prepares the clone, then is `trainer up` in this same process, so that no second one lies idle beside it. */
import nodeModule from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare } from './prepare.mjs';
import { orEndWithOneLine } from './say.mjs';
import { ROOT } from './stamp.mjs';

await orEndWithOneLine(prepare);
// Node 22 and later keep what they compiled, so that the next start need not compile it again.
nodeModule.enableCompileCache?.(join(ROOT, 'node_modules', '.cache', 'trainer', 'compiled'));
const main = join(ROOT, 'deploy', 'dist', 'main.bundle.mjs');
process.argv.splice(1, 1, main, 'up');
await import(pathToFileURL(main).href);
