import { timeScale } from '@trainer/runtime';
import type { RealServers } from '../real-servers.js';
import { openHead } from '../rpc/open-head.js';
import { LoopCpu } from './loop-cpu.js';

/** What is asked of the process of a measured head; it answers each with a message. */
export type Ask =
  | { readonly ask: 'open'; readonly servers: RealServers; readonly maxParallelJobs: number }
  | { readonly ask: 'begin' }
  | { readonly ask: 'end' };
export type Answer = { readonly address: string } | { readonly longestTurnMs: number };

/** A head alone in its process, so that its thread's time is its own. */
const QUEUE_LIMIT = 100_000;
let probe: LoopCpu | null = null;
const answer = (message: Answer): void => void process.send?.(message);

process.on('message', (message: Ask) => {
  switch (message.ask) {
    case 'open':
      openHead(message.servers, { timeScale: timeScale(1), maxParallelJobs: message.maxParallelJobs, queueLimit: QUEUE_LIMIT }).then(
        ({ address }) => answer({ address }),
        (error: unknown) => {
          process.stderr.write(`${String(error)}\n`);
          process.exit(1);
        },
      );
      return;
    case 'begin':
      probe = new LoopCpu();
      probe.start();
      answer({ longestTurnMs: 0 });
      return;
    case 'end':
      answer({ longestTurnMs: probe?.stop() ?? 0 });
  }
});
process.on('disconnect', () => process.exit(0));
