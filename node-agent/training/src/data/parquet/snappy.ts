/** Bytes beside which a call of the engine's copy is faster than a loop. */
const SHORT = 24;

/**
 * Unpacks a page of snappy (format_description.txt) that hardly got smaller, which is mostly long pieces as they are: as numbers with
 * all their digits are. Others are the library's, whose memory such pages would only be copied into and out of.
 * @param page of just as many bytes as it holds
 * @returns the page @throws RangeError where the stream is broken
 */
export function unpackLiterals(packed: Uint8Array, page: Uint8Array): Uint8Array {
  const bytes = page.length;
  let from = 0;
  while ((packed[from] ?? 0) & 0x80) from += 1;
  from += 1;
  let to = 0;
  while (from < packed.length) {
    const tag = packed[from] ?? 0;
    from += 1;
    const kind = tag & 3;
    let length = (tag >>> 2) + 1;
    if (kind === 0) {
      if (length > 60) {
        const extra = length - 60;
        length = numberAt(packed, from, extra) + 1;
        from += extra;
      }
      if (from + length > packed.length || to + length > bytes) throw new RangeError('a piece of snappy is too long');
      if (length > SHORT) page.set(packed.subarray(from, from + length), to);
      else for (let at = 0; at < length; at += 1) page[to + at] = packed[from + at] ?? 0;
      from += length;
    } else {
      let offset: number;
      if (kind === 1) {
        length = ((tag >>> 2) & 7) + 4;
        offset = ((tag >>> 5) << 8) | (packed[from] ?? 0);
        from += 1;
      } else {
        offset = numberAt(packed, from, kind === 2 ? 2 : 4);
        from += kind === 2 ? 2 : 4;
      }
      if (offset === 0 || offset > to || to + length > bytes) throw new RangeError('a piece of snappy refers to no other');
      // Byte by byte, as a piece may repeat itself.
      for (let at = to; at < to + length; at += 1) page[at] = page[at - offset] ?? 0;
    }
    to += length;
  }
  if (to !== bytes) throw new RangeError('snappy ends early');
  return page;
}

function numberAt(bytes: Uint8Array, start: number, count: number): number {
  let number = 0;
  for (let at = 0; at < count; at += 1) number += (bytes[start + at] ?? 0) * 2 ** (8 * at);
  return number;
}
