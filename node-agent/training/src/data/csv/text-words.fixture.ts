import { SLACK_BYTES } from './text-words.js';

/** The text's bytes with noise behind them, as in the middle of a file. */
export function textBytes(text: string): { readonly bytes: Buffer; readonly view: DataView; readonly end: number } {
  const content = Buffer.from(text);
  const bytes = Buffer.alloc(content.length + SLACK_BYTES, 0xa5);
  content.copy(bytes);
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), end: content.length };
}
