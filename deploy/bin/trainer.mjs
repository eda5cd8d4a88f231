#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const command = new URL('../dist/main.bundle.mjs', import.meta.url);
if (existsSync(fileURLToPath(command))) await import(command.href);
else {
  process.stderr.write('Trainer is not built yet: run npm start, or npm run build, in the clone first.\n');
  process.exitCode = 1;
}
