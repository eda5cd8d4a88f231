import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '@trainer/runtime';
import { openAgentFolder, type AgentFolder } from './agent-folder.js';
import { GroupRecords } from './group-records.js';
import { groupMembers, parseStat, readProcess } from './process-table.js';

let folder: string;
let children: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trainer-folder-'));
  children = [];
});
afterEach(() => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function sleeper(): ChildProcess & { pid: number } {
  const child = spawn('sleep', ['60'], { stdio: 'ignore', detached: true }) as ChildProcess & { pid: number };
  children.push(child);
  return child;
}

describe("an agent's folder", () => {
  const open = (): Promise<AgentFolder> => openAgentFolder(folder, { clock: systemClock(), patienceMs: 0 });

  test('gives one identity for ever, and another incarnation each time', async () => {
    const first = await open();
    first.saveHeadEpoch(7);
    await first.close();
    const second = await open();
    expect(second.identity).toEqual({ node: first.identity.node, incarnation: 2, newestHeadEpoch: 7 });
    await second.close();
  });

  test('is locked while an agent has it', async () => {
    const first = await open();
    await expect(open()).rejects.toMatchObject({ code: 'agent.folder-in-use', facts: { pid: process.pid, isEnding: false } });
    await first.close();
    await (await open()).close();
  });

  test('is taken over from an agent that is gone', async () => {
    writeFileSync(join(folder, 'agent.lock'), `${process.pid} 1`);
    await (await open()).close();
    writeFileSync(join(folder, 'agent.lock'), '4194303 77');
    await (await open()).close();
  });

  test('whose identity is damaged is refused, as another one would hide what is left of it', async () => {
    writeFileSync(join(folder, 'node.json'), '{"node":');
    await expect(open()).rejects.toMatchObject({ code: 'agent.identity-damaged' });
    expect(existsSync(join(folder, 'agent.lock'))).toBe(false);
  });
});

describe('process groups on record', () => {
  test('are killed with all their processes, which are gone when that returns', async () => {
    const records = new GroupRecords(join(folder, 'groups'));
    const child = sleeper();
    records.add(child.pid);
    const exited = once(child, 'exit');
    const { killed, remaining } = await new GroupRecords(join(folder, 'groups')).killLeftovers(systemClock(), 5_000);
    expect({ killed, remaining }).toEqual({ killed: [child.pid], remaining: [] });
    expect(groupMembers(child.pid)).toEqual([]);
    await exited;
    expect(readdirSync(join(folder, 'groups'))).toEqual([]);
  });

  test('that ended properly are not looked for', async () => {
    const records = new GroupRecords(join(folder, 'groups'));
    const child = sleeper();
    records.add(child.pid);
    records.remove(child.pid);
    expect((await records.killLeftovers(systemClock(), 1_000)).killed).toEqual([]);
    expect(child.exitCode).toBeNull();
  });

  test('of another process that has the number now, or of another boot, are left alone', async () => {
    const records = new GroupRecords(join(folder, 'groups'));
    const child = sleeper();
    const info = readProcess(child.pid);
    const record = { group: child.pid, startTicks: (info?.startTicks ?? 0) - 1, bootId: 'of another boot' };
    writeFileSync(join(folder, 'groups', '1.json'), JSON.stringify(record));
    writeFileSync(join(folder, 'groups', '2.json'), '{"group":');
    expect((await records.killLeftovers(systemClock(), 1_000)).killed).toEqual([]);
    expect(child.exitCode).toBeNull();
  });
});

describe("a process's line in /proc", () => {
  const tail = 'S 1 4242 4242 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 987654 1000 100';
  test.each([['(node)'], ['(a b) (c)'], ['(x) R 1 2)']])('is read whatever its name: %s', (name) => {
    expect(parseStat(`4242 ${name} ${tail}`)).toEqual({ pid: 4242, group: 4242, isZombie: false, startTicks: 987654 });
  });
  test('shows zombies', () => expect(parseStat(`1 (x) Z${tail.slice(1)}`)?.isZombie).toBe(true));
  test('of another form is none', () => expect(parseStat('')).toBeNull());
});
