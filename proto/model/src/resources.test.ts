import { describe, expect, it } from '@jest/globals';
import { available, toBytes, toGpuMilli, toMilli } from './resources.js';

describe('quantities', () => {
  it.each([
    [2.01, 2010],
    [0, 0],
    [0.001, 1],
    [0.0005, 1],
    [1.9996, 2000],
  ])('round %d units to %d milli', (units, milli) => {
    expect(toMilli(units)).toBe(milli);
  });

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY, 0.0004, 1_000_001])('refuse %d units', (units) => {
    expect(() => toMilli(units, 'cpu')).toThrow('cpu is');
  });

  it.each([0.5, 1, 2, 0])('take %d GPUs', (units) => {
    expect(toGpuMilli(units)).toBe(units * 1000);
  });

  it('refuse a GPU and a half: a fraction shares one device', () => {
    expect(() => toGpuMilli(1.5)).toThrow('whole devices');
  });

  it.each([
    ['512MiB', 536_870_912],
    ['1GB', 1e9],
    [1024, 1024],
    ['1.5 KiB', 1536],
  ])('read %s as bytes', (value, bytes) => {
    expect(toBytes(value)).toBe(bytes);
  });

  it.each(['lots', '-1', '1 MiBs', Number.NaN, 1e300])('refuse %s as bytes', (value) => {
    expect(() => toBytes(value)).toThrow('memory');
  });

  it('of a node that are not held are what is left', () => {
    const gpu = { index: 0, uuid: 'u', model: 'm', memoryBytes: 1 };
    const capacity = { cpuMilli: 2000, memoryBytes: 100, gpus: [gpu, { ...gpu, index: 1 }] };
    const held = [
      { cpuMilli: 500, memoryBytes: 10, gpus: [{ index: 1, milli: 300 }] },
      { cpuMilli: 100, memoryBytes: 20, gpus: [{ index: 1, milli: 200 }] },
    ];
    expect(available(capacity, held)).toEqual({
      cpuMilli: 1400,
      memoryBytes: 70,
      gpus: [
        { index: 0, milli: 1000 },
        { index: 1, milli: 500 },
      ],
    });
  });
});
