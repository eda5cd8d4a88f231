import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { systemClock, until } from '@trainer/runtime';
import { startFaultCluster } from './fault-cluster.js';
import { processesWith } from './processes.js';
import { startProgram } from './program.js';

const FORGOTTEN = fileURLToPath(new URL('../../dist/harness/forgotten-cluster.js', import.meta.url));
const CLUSTER_MS = 60_000;
const SOON_MS = 60_000;

const soon = <T>(what: string, condition: () => T): Promise<NonNullable<T>> =>
  until(what, condition, { clock: systemClock(), deadlineMs: CLUSTER_MS });

test(
  'SIGKILL of whoever started a cluster leaves no process of it, not even a frozen one',
  async () => {
    const program = startProgram(process.execPath, [FORGOTTEN]);
    const said = await soon('the program says where its cluster is', () => /\{.*\}/.exec(program.output())?.[0]);
    const { folder } = JSON.parse(said) as { folder: string };
    expect(processesWith(folder).length).toBeGreaterThanOrEqual(6);
    program.kill('SIGKILL');
    await program.ended;
    await soon('nothing of the cluster runs', () => processesWith(folder).length === 0);
    await rm(folder, { recursive: true, force: true });
  },
  2 * CLUSTER_MS,
);

test(
  'a cluster tells its state in words, and ends whole though parts of it are dead, frozen and cut off',
  async () => {
    const cluster = await startFaultCluster({ agents: 2 });
    expect(() => cluster.part('agent-3')).toThrow(/There is no part agent-3. There are: postgres, nats, head/);
    expect(() => cluster.link('a-b')).toThrow(/There is no link a-b/);
    await cluster.part('gateway').kill();
    cluster.part('agent-1').freeze();
    cluster.link('agent-2-head').cut();
    const told = await cluster.describe();
    expect(told).toContain('gateway: does not run');
    expect(told).toContain('agent-2-head: cut');
    expect(told).toContain('--- head wrote:\nhead is ready at');
    await expect(cluster.until('never', () => false, 1)).rejects.toThrow(/gateway: does not run/);
    await cluster.close();
    await until('nothing of it runs', () => processesWith(cluster.folder).length === 0, { clock: systemClock(), deadlineMs: SOON_MS });
  },
  2 * CLUSTER_MS,
);
