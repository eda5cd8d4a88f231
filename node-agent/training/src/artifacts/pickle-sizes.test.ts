import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PickleWriter, type PickleValue } from './pickle-writer.js';

/** Python's own reader; what it read as JSON, floats by their bits. */
const SCRIPT = `
import json, pickle, struct, sys
def plain(value):
    if isinstance(value, float): return {'float': struct.pack('>d', value).hex()}
    if isinstance(value, list): return [plain(item) for item in value]
    if isinstance(value, dict): return {'dict': [[name, plain(item)] for name, item in value.items()]}
    if isinstance(value, bytes): return {'bytes': len(value), 'sum': sum(value)}
    return value
values = []
with open(sys.argv[1], 'rb') as file:
    while True:
        try:
            values.append(plain(pickle.load(file)))
        except EOFError:
            break
with open(sys.argv[2], 'w') as file:
    json.dump(values, file)
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainer-pickle-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function readByPython(pickles: readonly (readonly Uint8Array[])[]): Promise<unknown> {
  const [input, output] = [join(folder, 'in.pkl'), join(folder, 'out.json')];
  await writeFile(input, Buffer.concat(pickles.flat()));
  await promisify(execFile)('python3', ['-I', '-c', SCRIPT, input, output]);
  return JSON.parse(await readFile(output, 'utf8'));
}

/** What Python says of a value. */
function plain(value: PickleValue): unknown {
  if (typeof value === 'number' && !(Number.isSafeInteger(value) && !Object.is(value, -0))) {
    const bits = Buffer.alloc(8);
    bits.writeDoubleBE(value);
    return { float: bits.toString('hex') };
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return (value as readonly PickleValue[]).map(plain);
  return { dict: Object.entries(value).map(([name, item]) => [name, plain(item)]) };
}

const anyText = fc.string({ unit: 'binary', maxLength: 300 });
const anyValue = fc.letrec<{ value: PickleValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true }),
    anyText,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(anyText, tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
})).value;

test('Python reads any value as it was written', async () => {
  const values = fc.sample(anyValue, 2_000);
  expect(await readByPython(values.map((value) => new PickleWriter().value(value).finish()))).toEqual(values.map(plain));
});

test('Python reads values of any size and at every edge of an integer', async () => {
  const sizes = [0, 1, 255, 256, 65_535, 65_536, 2 ** 20, 3 * 2 ** 20];
  const edges = [31, 32, 52, 53, 62, 63, 64, 100].flatMap((power) => [-1, 0, 1].flatMap((by) => [2 ** power + by, -(2 ** power) + by]));
  const values: PickleValue[] = [
    ...edges,
    ...[Number.MAX_VALUE, Number.MIN_VALUE, Infinity, -Infinity, -0],
    ...sizes.map((size) => 'é'.repeat(size)),
    ...sizes.slice(0, 6).map((size) => Array.from({ length: size }, (_, i) => i)),
    ...sizes.slice(0, 6).map((size) => Object.fromEntries(Array.from({ length: size }, (_, i) => [`name ${i}`, i / 7]))),
  ];
  expect(await readByPython(values.map((value) => new PickleWriter().value(value).finish()))).toEqual(values.map(plain));
});

test('Python reads bytes of any size, whatever is around them', async () => {
  const sizes = [0, 1, 255, 256, 65_536, 2 ** 20, 8 * 2 ** 20];
  const memory = new Uint8Array(9 * 2 ** 20).fill(0xa5);
  const pickles = sizes.map((size) => new PickleWriter().bytes(memory.subarray(3, 3 + size).fill(3)).finish());
  expect(await readByPython(pickles)).toEqual(sizes.map((size) => ({ bytes: size, sum: 3 * size })));
});
