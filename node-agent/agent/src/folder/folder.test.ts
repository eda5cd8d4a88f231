import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { leaseId } from '@trainer/model';
import { silentLogger, systemClock } from '@trainer/runtime';
import { manualClock } from '@trainer/runtime/testing';
import { openAgentFolder, type AgentFolder } from './agent-folder.js';
import { GroupRecords } from './group-records.js';
import { storedHeadEpoch } from './stored-head-epoch.js';
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
    const record = records.open(leaseId('1-1'));
    const child = sleeper();
    record.started(child.pid);
    const exited = once(child, 'exit');
    const { killed, remaining } = await new GroupRecords(join(folder, 'groups')).killLeftovers(systemClock(), 5_000);
    expect({ killed, remaining }).toEqual({ killed: [child.pid], remaining: [] });
    expect(groupMembers(child.pid)).toEqual([]);
    await exited;
    expect(readdirSync(join(folder, 'groups'))).toEqual([]);
  });

  test('that ended properly are not looked for', async () => {
    const records = new GroupRecords(join(folder, 'groups'));
    const record = records.open(leaseId('1-1'));
    const child = sleeper();
    record.started(child.pid);
    record.close();
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

  test('are not kept where the disk is full: nothing may be started then', () => {
    const records = new GroupRecords(join(folder, 'groups'));
    symlinkSync('/dev/full', join(folder, 'groups', '1-1.json'));
    expect(() => records.open(leaseId('1-1'))).toThrow(
      expect.objectContaining({
        code: 'node.disk-full',
        message: `There is no space left on the disk of ${folder}/groups; free some space.`,
      }),
    );
    expect(readdirSync(join(folder, 'groups'))).toEqual([]);
    records.open(leaseId('1-1')).close();
  });

  test('take no more room when their process has started', () => {
    const records = new GroupRecords(join(folder, 'groups'));
    const record = records.open(leaseId('1-1'));
    const file = join(folder, 'groups', '1-1.json');
    const before = statSync(file).size;
    record.started(4_194_304);
    expect(statSync(file).size).toBe(before);
  });
});

describe('the number of the headship', () => {
  test('is stored when there is room again, where the disk was full', () => {
    const clock = manualClock();
    const stored: number[] = [];
    let isFull = true;
    const epochs = storedHeadEpoch(
      (headEpoch) => {
        if (isFull) throw new Error('full');
        stored.push(headEpoch);
      },
      { clock, logger: silentLogger },
    );
    epochs.save(7);
    clock.advance(60_000);
    epochs.save(8);
    isFull = false;
    clock.advance(60_000);
    expect(stored).toEqual([8]);
    epochs.close();
  });

  test('names the disk where it is full, and leaves what was stored', async () => {
    const options = { clock: systemClock(), patienceMs: 0 };
    const first = await openAgentFolder(folder, options);
    symlinkSync('/dev/full', join(folder, 'node.json.partial'));
    expect(() => first.saveHeadEpoch(7)).toThrow(expect.objectContaining({ code: 'node.disk-full', facts: { folder } }));
    rmSync(join(folder, 'node.json.partial'));
    first.saveHeadEpoch(7);
    await first.close();
    symlinkSync('/dev/full', join(folder, 'node.json.partial'));
    await expect(openAgentFolder(folder, options)).rejects.toMatchObject({ code: 'node.disk-full', facts: { folder } });
    rmSync(join(folder, 'node.json.partial'));
    const second = await openAgentFolder(folder, options);
    expect(second.identity).toMatchObject({ incarnation: 2, newestHeadEpoch: 7 });
    await second.close();
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
