/** `npm test`: prepares the clone, then runs jest with the arguments given (`npm test -- head`, `npm run coverage`). */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { prepare } from './prepare.mjs';
import { orEndWithOneLine } from './say.mjs';
import { ROOT } from './stamp.mjs';

await orEndWithOneLine(prepare);

// Jest loads ES modules only through Node's experimental interface, and says so with a warning at each start.
const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
const child = spawn(process.execPath, [...flags, jest, ...process.argv.slice(2)], {
  cwd: ROOT,
  stdio: 'inherit',
  env: { ...process.env, NODE_OPTIONS: [process.env.NODE_OPTIONS, ...flags].filter(Boolean).join(' ') },
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('exit', (code) => {
  process.exitCode = code ?? 1;
});
