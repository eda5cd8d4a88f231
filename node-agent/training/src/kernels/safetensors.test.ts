import { expect, test } from '@jest/globals';
import { layOutTensors, readTensors } from './safetensors.js';

test('a file gives back its texts and tensors, wherever it lies in memory', () => {
  const forms = { d: { dtype: 'F64', shape: [1] }, a: { dtype: 'F32', shape: [2, 3] }, é: { dtype: 'I32', shape: [0] } } as const;
  const texts = { format: 'x', text: '"quoted", ü' };
  const { bytes, tensors } = layOutTensors(texts, forms);
  tensors.d.set([Math.PI]);
  tensors.a.set([1, 2, 3, 4, NaN, 6]);
  const askew = new Uint8Array(bytes.length + 3);
  askew.set(bytes, 3);
  for (const file of [bytes, askew.subarray(3)]) {
    const read = readTensors<typeof forms>(file);
    expect(read.texts).toEqual(texts);
    expect(read.shapes).toEqual({ d: [1], a: [2, 3], é: [0] });
    expect([[...read.tensors.d], [...read.tensors.a], [...read.tensors['é']]]).toEqual([[Math.PI], [1, 2, 3, 4, NaN, 6], []]);
  }
  expect(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8).toBe(0);
});
