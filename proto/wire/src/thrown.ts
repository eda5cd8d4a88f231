/** Longer texts help nobody, and make large messages. */
const MAX_CHARS = 1_000;

/**
 * A thrown value, or any other of a user, as one text: `Error: session is closed`. Never throws, whatever the value does when it is
 * read, and is UTF-8.
 */
export function describeThrown(thrown: unknown): string {
  let text: unknown;
  try {
    // An error's own name and message: its toString may be anything.
    text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  } catch {
    text = 'a value that has no text';
  }
  return clippedText(String(text), MAX_CHARS);
}

/** The text up to a length, as UTF-8: what is cut through or has half of a surrogate pair gets U+FFFD in its place. */
export function clippedText(text: string, maxChars: number): string {
  return (text.length > maxChars ? `${text.slice(0, maxChars)}...` : text).toWellFormed();
}

/** The text up to a length in bytes, as UTF-8: a character that the cut would divide is left out. */
export function clippedToBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text.toWellFormed();
  let end = maxBytes;
  // Bytes 10xxxxxx go on with a character.
  while (end > 0 && (bytes.readUInt8(end) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}
