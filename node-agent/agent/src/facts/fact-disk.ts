import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';

/** Where facts wait that memory has no room for. Only of this incarnation: what an agent that died had not sent, died with it. */
export interface FactDisk {
  /** @returns where the bytes lie. @throws when the disk is full or broken */
  append(bytes: Uint8Array): number;
  read(at: number, length: number): Buffer;
  /** Gives all room back. */
  clear(): void;
  close(): void;
}

/** Facts in one file, emptied when it is opened. Writes are synchronous: they are rare, and their order is the facts'. */
export function fileFactDisk(path: string): FactDisk {
  const file = openSync(path, 'w+', 0o600);
  let end = 0;
  return {
    append: (bytes) => {
      const at = end;
      // A disk that becomes full takes a part, and says so only to the next write.
      for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, bytes.length - done, at + done);
      end += bytes.length;
      return at;
    },
    read: (at, length) => {
      const bytes = Buffer.alloc(length);
      readSync(file, bytes, 0, length, at);
      return bytes;
    },
    clear: () => {
      ftruncateSync(file, 0);
      end = 0;
    },
    close: () => closeSync(file),
  };
}
