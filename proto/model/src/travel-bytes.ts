/**
 * How many bytes plain data takes at most when it travels or is stored, as JSON in UTF-8 or as MessagePack, whichever is more.
 * Counting stops above `limit`, so that measuring what is too large costs no more than measuring what is not.
 */
export function travelBytes(value: unknown, limit: number): number {
  let bytes = 0;
  const open: unknown[] = [value];
  while (open.length > 0 && bytes <= limit) {
    const next = open.pop();
    if (typeof next === 'string') bytes += textBytes(next);
    else if (Array.isArray(next)) {
      bytes += CONTAINER_BYTES;
      // One byte an item at least: a long list is known to be too large before it is looked through.
      if (bytes + next.length > limit) return limit + 1;
      open.push(...(next as unknown[]));
    } else if (typeof next === 'object' && next !== null) {
      bytes += CONTAINER_BYTES;
      for (const [name, item] of Object.entries(next)) {
        bytes += textBytes(name);
        open.push(item);
        if (bytes > limit) break;
      }
    } else bytes += typeof next === 'number' ? Math.max(NUMBER_BYTES, String(next).length + 1) : OTHER_BYTES;
  }
  return bytes;
}

/** Brackets and commas of JSON, or MessagePack's header. */
const CONTAINER_BYTES = 5;
/** MessagePack's 64-bit float. */
const NUMBER_BYTES = 9;
/** `false,` */
const OTHER_BYTES = 6;
/** Quotes and a comma, or MessagePack's header. */
const TEXT_BYTES = 5;

/** UTF-8, with what JSON escapes. */
function textBytes(text: string): number {
  let bytes = TEXT_BYTES;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || (code >= 0xd800 && code <= 0xdfff)) bytes += 6;
    else if (code === 0x22 || code === 0x5c) bytes += 2;
    else bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : 3;
  }
  return bytes;
}
