import { checkKey } from '../object-key.js';

/** File systems take names of 255 bytes; this leaves room for the marks. */
const MAX_PIECE_BYTES = 250;
/** Ends the name of a folder, so that the objects `a` and `a/b` can both be; no object's file name ends so. */
const FOLDER_MARK = '@';
/** Ends the name of a folder that holds a part of a key too long for one name, up to where the next name goes on. */
const GOES_ON_MARK = '+@';

/**
 * The path of a key's file below its bucket. Parts stay readable; only what a file system or this scheme needs for itself is
 * percent-encoded, and only parts of more than 250 bytes are cut into several names. @throws ObjectKeyInvalidError
 */
export function pathOfKey(key: string): string {
  const parts = checkKey(key).split('/');
  const last = parts.length - 1;
  return parts.map((part, index) => cut(encodePart(part)).join(`${GOES_ON_MARK}/`) + (index < last ? FOLDER_MARK : '')).join('/');
}

function encodePart(part: string): string {
  return part.replace(/[%@\\\p{Cc}]|^\.|\+$/gu, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** Cuts a name into pieces that a file system takes, between characters and not within an encoded one. */
function cut(encoded: string): string[] {
  if (Buffer.byteLength(encoded) <= MAX_PIECE_BYTES) return [encoded];
  const pieces: string[] = [];
  let piece = '';
  let bytes = 0;
  for (const [character] of encoded.matchAll(/%[0-9a-f]{2}|[^]/gu)) {
    const more = Buffer.byteLength(character);
    if (bytes + more > MAX_PIECE_BYTES) {
      pieces.push(piece);
      piece = '';
      bytes = 0;
    }
    // A later piece may begin with a dot, which a listing would leave out.
    piece += piece === '' && character === '.' ? '%2e' : character;
    bytes += more;
  }
  return [...pieces, piece];
}

/** A directory entry as a piece of a key; null: not an object of this scheme. */
export function partOfEntry(name: string, isFolder: boolean): string | null {
  if (name.startsWith('.') || isFolder !== name.endsWith(FOLDER_MARK)) return null;
  const goesOn = name.endsWith(GOES_ON_MARK);
  const encoded = isFolder ? name.slice(0, goesOn ? -GOES_ON_MARK.length : -FOLDER_MARK.length) : name;
  const text = encoded.replace(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return isFolder && !goesOn ? `${text}/` : text;
}
