import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from '@jest/globals';
import { leaseId, nodeId } from '@trainer/model';
import { systemClock } from '@trainer/runtime';
import { manualClock } from '@trainer/runtime/testing';
import { readProcess } from './process-table.js';
import { leaseMark, MarkedProcesses, type EnvironmentTable } from './marked-processes.js';

const MARK = leaseMark({ node: nodeId('node-0123456789ab'), incarnation: 3 }, leaseId('1-7'));
let children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children = [];
});

function started(env: Record<string, string>, script: string): ChildProcess {
  const child = spawn('sh', ['-c', script], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  children.push(child);
  return child;
}

test('processes of a lease are found and ended whatever session or parent they have; those of others are left alone', async () => {
  const other = started({ TRAINER_LEASE: `${MARK}1` }, 'exec sleep 60');
  const orphan = started({ TRAINER_LEASE: MARK }, 'setsid sleep 60 </dev/null >/dev/null 2>&1 & echo $!; wait');
  const [line] = (await once(orphan.stdout ?? process.stdin, 'data')) as [Buffer];
  const sleeper = Number(line.toString());
  orphan.kill('SIGKILL');
  await once(orphan, 'exit');
  process.kill(sleeper, 0);
  expect(await new MarkedProcesses(systemClock()).end((mark) => mark === MARK)).toEqual([]);
  // Whoever adopted it may not have heard of its end yet.
  expect(readProcess(sleeper)?.isZombie ?? true).toBe(true);
  expect(other.exitCode ?? other.signalCode).toBeNull();
});

/** Processes that are only said. */
function said(environments: Map<number, string>): EnvironmentTable & { reads: number[]; killed: number[]; newest: number } {
  return {
    reads: [],
    killed: [],
    newest: 100,
    pids: () => [...environments.keys()],
    environment(pid) {
      this.reads.push(pid);
      return environments.get(pid) ?? null;
    },
    newestPid() {
      return this.newest;
    },
    kill(pid) {
      this.killed.push(pid);
    },
  };
}

test('a process that does not end is given up after some seconds, and told', async () => {
  const clock = manualClock();
  const table = said(new Map([[5, `A=1\0TRAINER_LEASE=${MARK}\0B=2\0`]]));
  const ended = new MarkedProcesses(clock, table).end((mark) => mark === MARK);
  clock.advance(6_000);
  expect(await ended).toEqual([5]);
});

test('a process without a mark is read once, until process ids begin anew', async () => {
  const clock = manualClock();
  const environments = new Map([
    [1, 'A=1\0'],
    [2, `NOT_TRAINER_LEASE=${MARK}\0`],
  ]);
  const table = said(environments);
  const marked = new MarkedProcesses(clock, table);
  const look = async (): Promise<void> => {
    const ended = marked.end((mark) => mark === MARK);
    clock.advance(1);
    await ended;
  };
  await look();
  await look();
  expect(table.reads).toEqual([1, 2]);
  environments.set(2, `TRAINER_LEASE=${MARK}`);
  table.newest = 3;
  const ended = marked.end((mark) => mark === MARK);
  clock.advance(1);
  environments.delete(2);
  clock.advance(100);
  expect(await ended).toEqual([]);
  expect(table.killed).toEqual([2]);
});

test('leases that end in the same turn cost one look', async () => {
  const clock = manualClock();
  const table = said(new Map([[1, 'A=1\0']]));
  let looks = 0;
  const marked = new MarkedProcesses(clock, { ...table, pids: () => ((looks += 1), [1]) });
  const ends = Array.from({ length: 100 }, () => marked.end(() => false));
  clock.advance(1);
  await Promise.all(ends);
  expect(looks).toBe(1);
});
