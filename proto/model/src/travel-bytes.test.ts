import { describe, expect, it } from '@jest/globals';
import { travelBytes } from './travel-bytes.js';

const MUCH = 2 ** 40;

describe('the bytes of plain data', () => {
  it.each([
    [null],
    [true],
    [0],
    [0.1],
    [-1.2345678901234e-300],
    [''],
    ['é'.repeat(300)],
    ['\u0001"\\'.repeat(50)],
    ['\ud800'],
    [[]],
    [Array.from({ length: 70_000 }, () => 0.5)],
    [{ a: [1, { b: 'x' }], ü: null }],
  ])('are at least those of JSON: case %#', (value) => {
    expect(travelBytes(value, MUCH)).toBeGreaterThanOrEqual(Buffer.byteLength(JSON.stringify(value)));
  });

  it('are not far above those of what people write', () => {
    const value = { max_depth: 6, learning_rate: 0.3, objective: 'auto', names: ['sepal length', 'sepal width'] };
    expect(travelBytes(value, MUCH)).toBeLessThan(2 * JSON.stringify(value).length);
  });

  it('are not counted to their end above the limit', () => {
    const read: string[] = [];
    const huge = new Proxy(new Array<null>(5_000_000).fill(null), {
      get: (list, name) => {
        read.push(String(name));
        return Reflect.get(list, name) as unknown;
      },
    });
    expect(travelBytes(huge, 100) > 100).toBe(true);
    expect(read.length).toBeLessThan(500);
  });
});
