import { nodeId } from '@trainer/model';
import { silentLogger } from '@trainer/runtime';
import type { Logger } from '@trainer/runtime';
import { connectHead } from '@trainer/client/internal';
import { startRealServers } from '../../real-servers.js';
import { openHead } from '../../rpc/open-head.js';
import { TestAgent } from '../../rpc/test-agent.js';
import { HeadFuzzer, type Figures } from './fuzz-head.js';

export interface Outcome extends Figures {
  readonly rounds: number;
  /** What the head logged as a defect of its own. */
  readonly defects: readonly string[];
  /** The slowest answer to a client that did nothing wrong. */
  readonly slowestMs: number;
  readonly isAlive: boolean;
}

/** A real head, an agent and a client that do nothing wrong, and a fuzzer beside them until `isOver`. */
export async function fuzzHead(seed: number, isOver: (rounds: number) => boolean): Promise<Outcome> {
  const servers = await startRealServers();
  const defects: string[] = [];
  const log: Logger = {
    ...silentLogger,
    error: (message, fields) => void defects.push(`${message}: ${describe(fields)}`),
    child: () => log,
  };
  let fatal: Error | null = null;
  const head = await openHead(servers, { log, onFatal: (error) => (fatal = error) });
  const agent = await TestAgent.start({
    address: head.address,
    secret: servers.secret,
    natsUrl: servers.natsUrl,
    node: nodeId('node-0000000000fa'),
  });
  const client = connectHead({ address: head.address, secret: servers.secret });
  try {
    await agent.connect();
    const fuzzer = new HeadFuzzer(head.address, servers.secret, seed);
    let [rounds, slowestMs] = [0, 0];
    while (!isOver(rounds)) {
      const began = performance.now();
      const answered = client.status().then(() => (slowestMs = Math.max(slowestMs, performance.now() - began)));
      await Promise.all([fuzzer.round(), answered]);
      rounds += 1;
    }
    const { nodes } = await client.status();
    const isAlive = fatal === null && nodes.some(({ id, state }) => id === 'node-0000000000fa' && state === 'connected');
    return { ...fuzzer.figures, rounds, defects, slowestMs, isAlive };
  } finally {
    client.close();
    await agent.close();
    await head.close();
    await servers.stop();
  }
}

function describe(fields: object | undefined): string {
  return JSON.stringify(fields, (_key, value: unknown) => (value instanceof Error ? (value.stack ?? value.message) : value)) ?? '';
}

/** The figures on a line. */
export function told({ rounds, streams, frames, ended, messages, slowestMs, defects, isAlive }: Outcome): string {
  const statuses = [...ended].sort().map(([status, count]) => `${status}: ${count}`);
  return (
    `${rounds} rounds, ${streams} streams, ${frames} frames, ${messages} messages of subjects; ended with status ${statuses.join(', ')}; ` +
    `the slowest answer to others took ${Math.round(slowestMs)} ms; ${defects.length} defects; the head ${isAlive ? 'lives' : 'DIED'}`
  );
}
