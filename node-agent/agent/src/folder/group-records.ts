import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, LeaseId, Millis } from '@trainer/model';
import { sleep } from '@trainer/runtime';
import { asDiskError } from './disk-full.js';
import { bootId, groupMembers, readProcess, signalGroup } from './process-table.js';

/** The group of one actor's process, whose leader it is. */
interface GroupRecord {
  /** 0: it was not known yet, or there was none. */
  readonly group: number;
  readonly startTicks: number;
  readonly bootId: string;
}

/** A record is as long before its process starts as after: completing it takes no room of the disk. */
const RECORD_BYTES = 256;

/** The record of one lease's process. */
export interface OpenRecord {
  /** The process is there. Synchronous: a crash right after it must find the record. @throws DiskFullError */
  started(group: number): void;
  /** No process of it is left. @throws where the file can't be removed */
  close(): void;
}

/**
 * The process groups an agent has started, on disk, so that the next agent on the folder ends what this one may leave: all of them
 * where no kernel kills them with their agent. What has left its group is found by its mark (`marked-processes.ts`).
 */
export class GroupRecords {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** To be called before the process is started: where the record can't be kept no process may be. @throws DiskFullError */
  open(lease: LeaseId): OpenRecord {
    const file = join(this.#folder, `${lease}.json`);
    const write = (record: GroupRecord, flags: 'w' | 'r+'): void => {
      try {
        writeWhole(file, JSON.stringify(record).padEnd(RECORD_BYTES), flags);
      } catch (error) {
        throw asDiskError(this.#folder, error);
      }
    };
    try {
      write({ group: 0, startTicks: 0, bootId: bootId() }, 'w');
    } catch (error) {
      rmSync(file, { force: true });
      throw error;
    }
    return {
      started: (group) => write({ group, startTicks: readProcess(group)?.startTicks ?? 0, bootId: bootId() }, 'r+'),
      close: () => rmSync(file, { force: true }),
    };
  }

  /**
   * Kills what an earlier agent left and waits for its end.
   * @returns the groups that were killed, and those that still had processes after `deadlineMs` (such as in an uninterruptible wait)
   */
  async killLeftovers(
    clock: Clock,
    deadlineMs: Millis,
  ): Promise<{ readonly killed: readonly number[]; readonly remaining: readonly number[] }> {
    const files = readdirSync(this.#folder).map((name) => join(this.#folder, name));
    const records = files.flatMap((file) => readRecord(file).map(({ group }) => ({ file, group })));
    for (const { group } of records) signalGroup(group, 'SIGKILL');
    const startedMs = clock.monotonicMs();
    let remaining = records;
    while (remaining.length > 0 && clock.monotonicMs() - startedMs < deadlineMs) {
      await sleep(clock, 10);
      remaining = remaining.filter(({ group }) => groupMembers(group).length > 0);
    }
    const kept = new Set(remaining.map(({ file }) => file));
    for (const file of files) if (!kept.has(file)) rmSync(file, { force: true });
    return { killed: records.map(({ group }) => group), remaining: remaining.map(({ group }) => group) };
  }
}

function writeWhole(file: string, text: string, flags: 'w' | 'r+'): void {
  const target = openSync(file, flags, 0o600);
  try {
    writeFileSync(target, text);
  } finally {
    closeSync(target);
  }
}

/** @returns the record of a group that lives */
function readRecord(file: string): GroupRecord[] {
  try {
    const { group, startTicks, bootId: boot } = JSON.parse(readFileSync(file, 'utf8')) as Partial<GroupRecord>;
    if (typeof group !== 'number' || typeof startTicks !== 'number' || typeof boot !== 'string') return [];
    const record = { group, startTicks, bootId: boot };
    return isAlive(record) ? [record] : [];
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
