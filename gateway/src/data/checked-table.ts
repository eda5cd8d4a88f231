import { sniff, SNIFFED_BYTES } from '@trainer/model';
import { NotATableError } from '../http/errors.js';

/**
 * The same bytes; the first ones are held back until they show that a table may follow. An empty body passes: it says what it is itself.
 * @throws NotATableError for a file that can't be trained on, as soon as its beginning shows it
 */
export async function* checkedTable(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let head: Uint8Array | null = new Uint8Array(0);
  for await (const chunk of body) {
    if (head === null) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < SNIFFED_BYTES) continue;
    check(head, false);
    yield head;
    head = null;
  }
  if (head === null) return;
  check(head, true);
  yield head;
}

function check(head: Uint8Array, isWhole: boolean): void {
  const sniffed = sniff(head.subarray(0, SNIFFED_BYTES), isWhole);
  if (sniffed.format === 'other') throw new NotATableError(sniffed.what, sniffed.mend);
}
