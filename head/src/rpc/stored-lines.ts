import type { LeaseId } from '@trainer/model';
import type { ObjectStore } from '@trainer/storage';
import { decodeLogText, logObjectPrefix } from '@trainer/wire';
import type { LogLine } from '@trainer/wire';

const PAGE = 100;
/** Lines held for one reader at most: of a longer log the newest are shown. */
const MAX_LINES = 100_000;

/** @returns the stored lines of these leases, oldest first; the last `tail` of them, null: all. */
export async function readStoredLines(
  objects: ObjectStore,
  bucket: string,
  leases: readonly LeaseId[],
  tail: number | null,
): Promise<readonly LogLine[]> {
  const lines: LogLine[] = [];
  for (const lease of leases) {
    for (let after = ''; ;) {
      const page = await objects.list(bucket, { prefix: logObjectPrefix(lease), after, limit: PAGE });
      for (const { key } of page) lines.push(...decodeLogText(lease, await readText(objects, bucket, key)));
      if (lines.length > MAX_LINES) lines.splice(0, lines.length - MAX_LINES);
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) break;
      after = last.key;
    }
  }
  lines.sort((a, b) => a.at - b.at);
  return tail === null ? lines : lines.slice(-tail);
}

async function readText(objects: ObjectStore, bucket: string, key: string): Promise<string> {
  const { stream } = await objects.get(bucket, key);
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}
