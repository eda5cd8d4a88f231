/** Running the programs of set-up. */
import { spawn } from 'node:child_process';
import { ROOT } from './stamp.mjs';

/** How much of a program's output is kept for the message of its failure, characters. */
const KEPT_OUTPUT = 20_000;

/**
 * Runs a program in the root of the clone.
 * @param options.isShown its output goes to stderr as it comes; otherwise it is only kept
 * @returns its exit code (null when it could not be started) and the last part of what it wrote
 */
export function run(command, args, { isShown = false, env = {} } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', isShown ? 2 : 'pipe', isShown ? 2 : 'pipe'],
    });
    let output = '';
    const keep = (chunk) => {
      output = (output + chunk).slice(-KEPT_OUTPUT);
    };
    child.stdout?.setEncoding('utf8').on('data', keep);
    child.stderr?.setEncoding('utf8').on('data', keep);
    child.once('error', (error) => resolve({ code: null, output: error.message }));
    child.once('close', (code) => resolve({ code, output }));
  });
}
