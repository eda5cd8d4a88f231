import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileRole } from '@trainer/model';
import type { ExportedFile, ExportPlace } from './exported-model.js';

/** Writes pieces as they come, one in memory at a time, and counts and hashes them on the way. Text is UTF-8. */
export async function writeFile(
  place: ExportPlace,
  role: FileRole,
  ending: string,
  pieces: Iterable<Uint8Array | string>,
): Promise<ExportedFile> {
  const path = join(place.folder, `${place.stem}${ending}`);
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await open(path, 'w');
  try {
    for (const piece of pieces) {
      const data = typeof piece === 'string' ? Buffer.from(piece, 'utf8') : piece;
      hash.update(data);
      bytes += data.length;
      await file.writeFile(data);
    }
  } finally {
    await file.close();
  }
  return { role, path, bytes, sha256: hash.digest('hex'), ending };
}
