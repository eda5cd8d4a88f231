import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { systemClock } from '@trainer/runtime';
import { lockDataFolder } from '../embedded/index.js';
import type { Output } from '../terminal/output.js';
import { UsageError } from './errors.js';

/** `trainer reset`: removes a data folder after asking. A folder in use is refused. */
export async function reset(home: string, output: Output, input: NodeJS.ReadStream, isSure: boolean): Promise<void> {
  if (!isSure) {
    if (!input.isTTY) throw new UsageError('reset', 'There is no terminal to ask on; say --yes to remove all jobs, models and data.');
    const asked = createInterface({ input, output: process.stdout });
    const answer = await asked.question(`Remove all jobs, models and data in ${home}? Type yes: `).finally(() => asked.close());
    if (answer.trim() !== 'yes') return output.write('Nothing was removed.\n');
  }
  const lock = await lockDataFolder(home, { clock: systemClock(), patienceMs: 0 });
  await rm(home, { recursive: true, force: true });
  await lock.release();
  output.write(`${home} is empty.\n`);
}
