import { expect, test } from '@jest/globals';
import { SNIFFED_BYTES } from '@trainer/model';
import { checkedTable } from './checked-table.js';

async function* inParts(body: Buffer, bytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < body.length; at += bytes) yield body.subarray(at, at + bytes);
}
async function passed(body: Buffer, bytes: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of checkedTable(inParts(body, bytes))) parts.push(part);
  return Buffer.concat(parts);
}

test.each([0, 1, SNIFFED_BYTES - 1, SNIFFED_BYTES, SNIFFED_BYTES + 1, 3 * SNIFFED_BYTES])(
  'a table of %i bytes passes as it is',
  async (size) => {
    const body = Buffer.alloc(size, 'a,b\n1,2\n');
    for (const bytes of [1, 7, SNIFFED_BYTES, size + 1]) expect((await passed(body, bytes)).equals(body)).toBe(true);
  },
);
test.each([
  ['JSON', Buffer.from('[{"a":1}]'), 'is JSON'],
  ['a large zip archive', Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(10_000)]), 'is an Excel file (.xlsx) or a zip archive'],
])('%s is refused with what it is and what to do', async (_what, body, what) => {
  await expect(passed(body, 5)).rejects.toMatchObject({ code: 'upload.not-a-table', facts: { what } });
});
