import { ClusterLoop } from '@trainer/head/internal';
import { timeScale } from '@trainer/runtime';
import type { RealServers } from '../real-servers.js';
import { openHead } from '../rpc/open-head.js';
import { LoopCpu } from './loop-cpu.js';

/** What is asked of the process of a measured head; it answers each with a message. */
export type Ask =
  | { readonly ask: 'open'; readonly servers: RealServers; readonly maxParallelJobs: number }
  | { readonly ask: 'begin' }
  | { readonly ask: 'end' };
export type Answer = { readonly address: string } | Longest;

/** CPU time of the head's thread, in milliseconds. */
export interface Longest {
  /** A round of its event loop: with 1,000 calls at once mostly what gRPC needs to take them in. */
  readonly roundMs: number;
  /** One turn of the cluster's loop, its plan included, until its commit is on its way. */
  readonly turnMs: number;
}

/** A head alone in its process, so that its thread's time is its own. */
const QUEUE_LIMIT = 100_000;
let probe: LoopCpu | null = null;
let turnMs = 0;
const { turn } = ClusterLoop.prototype;
ClusterLoop.prototype.turn = function (run) {
  const running = probe;
  const fromNs = running?.ns() ?? 0;
  const done = turn.call(this, run);
  if (running !== null) turnMs = Math.max(turnMs, (running.ns() - fromNs) / 1e6);
  return done as ReturnType<typeof this.turn> as never;
};
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
      turnMs = 0;
      probe.start();
      answer({ roundMs: 0, turnMs });
      return;
    case 'end':
      answer({ roundMs: probe?.stop() ?? 0, turnMs });
      probe = null;
  }
});
process.on('disconnect', () => process.exit(0));
