import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, Millis } from '@trainer/model';
import { sleep } from '@trainer/runtime';
import { bootId, groupMembers, readProcess, signalGroup } from './process-table.js';

/** The group of one actor's process, whose leader it is. */
interface GroupRecord {
  readonly group: number;
  readonly startTicks: number;
  readonly bootId: string;
}

/**
 * The process groups an agent has started, on disk, so that the next agent on the folder ends what this one may leave: a process
 * that left its session, or all of them where no kernel kills them with their agent.
 */
export class GroupRecords {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** To be called as soon as the process is there. Synchronous: a crash right after it must find the record. */
  add(group: number): void {
    const record: GroupRecord = { group, startTicks: readProcess(group)?.startTicks ?? 0, bootId: bootId() };
    writeFileSync(join(this.#folder, `${group}.json`), JSON.stringify(record), { mode: 0o600 });
  }

  remove(group: number): void {
    rmSync(join(this.#folder, `${group}.json`), { force: true });
  }

  /**
   * Kills what an earlier agent left and waits for its end.
   * @returns the groups that were killed, and those that still had processes after `deadlineMs` (such as in an uninterruptible wait)
   */
  async killLeftovers(
    clock: Clock,
    deadlineMs: Millis,
  ): Promise<{ readonly killed: readonly number[]; readonly remaining: readonly number[] }> {
    const records = readdirSync(this.#folder).flatMap((name) => readRecord(join(this.#folder, name)));
    const left = records.filter(isAlive).map(({ group }) => group);
    for (const group of left) signalGroup(group, 'SIGKILL');
    const startedMs = clock.monotonicMs();
    let remaining = left;
    while (remaining.length > 0 && clock.monotonicMs() - startedMs < deadlineMs) {
      await sleep(clock, 10);
      remaining = remaining.filter((group) => groupMembers(group).length > 0);
    }
    for (const name of readdirSync(this.#folder)) rmSync(join(this.#folder, name), { force: true });
    for (const group of remaining) this.add(group);
    return { killed: left, remaining };
  }
}

function readRecord(file: string): GroupRecord[] {
  try {
    const { group, startTicks, bootId: boot } = JSON.parse(readFileSync(file, 'utf8')) as Partial<GroupRecord>;
    return typeof group === 'number' && typeof startTicks === 'number' && typeof boot === 'string'
      ? [{ group, startTicks, bootId: boot }]
      : [];
  } catch {
    // Half written when the machine went down: no process is left of then.
    return [];
  }
}

/** A group's number is not given away while a process of it lives; its members are as old as its record, or younger. */
function isAlive(record: GroupRecord): boolean {
  if (record.bootId !== bootId() || record.group <= 1) return false;
  const members = groupMembers(record.group);
  const leader = members.find(({ pid }) => pid === record.group);
  if (leader !== undefined) return leader.startTicks === record.startTicks;
  return members.length > 0 && members.every(({ startTicks }) => startTicks >= record.startTicks);
}
