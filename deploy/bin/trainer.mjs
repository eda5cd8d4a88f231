#!/usr/bin/env node
// An agent loads the one file that was packed for it (deploy/setup/build.mjs): there may be many on a machine.
await import(process.argv[2] === 'agent' ? '../dist/main.bundle.mjs' : '../dist/main.js');
