/** `npm start`: prepares the clone, then is `trainer up` in this same process, so that no second one lies idle beside it. */
import { prepare } from './prepare.mjs';
import { orEndWithOneLine } from './say.mjs';
import { ROOT } from './stamp.mjs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

await orEndWithOneLine(prepare);
const main = join(ROOT, 'deploy', 'dist', 'main.js');
process.argv.splice(1, 1, main, 'up');
await import(pathToFileURL(main).href);
