import { ObjectKeyInvalidError } from '../errors.js';

/** A file name may have 255 bytes on the file systems people use; the mark of a folder takes one. */
const MAX_PART_BYTES = 254;
const MAX_KEY_CHARS = 1024;
/** Ends the name of a folder, so that the objects `a` and `a/b` can both be; no object's file name ends so. */
const FOLDER_MARK = '@';

/**
 * The path of a key's file below its bucket. Parts stay readable; only what a file system or this scheme needs for itself is
 * percent-encoded. @throws ObjectKeyInvalidError
 */
export function pathOfKey(key: string): string {
  if (key.length === 0 || key.length > MAX_KEY_CHARS) throw new ObjectKeyInvalidError(key, `a key has 1 to ${MAX_KEY_CHARS} characters`);
  const parts = key.split('/');
  const last = parts.length - 1;
  return parts.map((part, index) => encodePart(key, part) + (index < last ? FOLDER_MARK : '')).join('/');
}

function encodePart(key: string, part: string): string {
  if (part === '' || part === '.' || part === '..') throw new ObjectKeyInvalidError(key, "it has an empty part, '.' or '..' between slashes");
  const encoded = part.replace(/[%@\\\p{Cc}]|^\./gu, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
  if (Buffer.byteLength(encoded) > MAX_PART_BYTES) throw new ObjectKeyInvalidError(key, `a part between slashes has at most ${MAX_PART_BYTES} bytes`);
  return encoded;
}

/** A directory entry as a part of a key, with a slash at the end of a folder's; null: not an object of this scheme. */
export function partOfEntry(name: string, isFolder: boolean): string | null {
  if (name.startsWith('.') || isFolder !== name.endsWith(FOLDER_MARK)) return null;
  const encoded = isFolder ? name.slice(0, -1) : name;
  return encoded.replace(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))) + (isFolder ? '/' : '');
}

/** A bucket is a folder's name. @throws ObjectKeyInvalidError */
export function checkBucket(bucket: string): string {
  if (!/^[a-z0-9][a-z0-9.-]{1,62}$/.test(bucket)) throw new ObjectKeyInvalidError(bucket, 'a bucket has 2 to 63 small letters, digits, dots and dashes');
  return bucket;
}
