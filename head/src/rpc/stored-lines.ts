import type { LeaseId } from '@trainer/model';
import type { ObjectStore } from '@trainer/storage';
import type { LogLine } from '@trainer/wire';

const PAGE = 100;
/** Lines held for one reader at most: a log larger than that is read from the store itself. */
const MAX_LINES = 100_000;

/** @returns the stored lines of these leases, oldest first; the last `tail` of them, null: all. */
export async function readStoredLines(objects: ObjectStore, bucket: string, leases: readonly LeaseId[], tail: number | null): Promise<readonly LogLine[]> {
  const lines: LogLine[] = [];
  for (const lease of leases) {
    for (let after = ''; ; ) {
      const page = await objects.list(bucket, { prefix: `${lease}/`, after, limit: PAGE });
      for (const { key } of page) lines.push(...(await readObject(objects, bucket, key, lease)));
      if (lines.length > MAX_LINES) lines.splice(0, lines.length - MAX_LINES);
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) break;
      after = last.key;
    }
  }
  lines.sort((a, b) => a.at - b.at);
  return tail === null ? lines : lines.slice(-tail);
}

async function readObject(objects: ObjectStore, bucket: string, key: string, lease: LeaseId): Promise<readonly LogLine[]> {
  const { stream } = await objects.get(bucket, key);
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8').split('\n').flatMap((text) => {
    const line = parseLine(text);
    return line === null ? [] : [{ ...line, lease }];
  });
}

/** A line that was cut by a crash is no line. */
function parseLine(text: string): Omit<LogLine, 'lease'> | null {
  if (text === '') return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return null;
    const { at, isStderr, line } = value as Record<string, unknown>;
    return typeof at === 'number' && typeof line === 'string' ? { at, line, isStderr: isStderr === true } : null;
  } catch {
    return null;
  }
}
