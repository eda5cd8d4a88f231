import { describe, expect, it } from '@jest/globals';
import { compareLeases, jobId, leaseId, leaseNumber, makeLeaseId } from './ids.js';

describe('ids', () => {
  it.each(['train_a1b2c3d4e5f6'])('of jobs have the form of the seed: %s', (text) => {
    expect(jobId(text)).toBe(text);
  });

  it.each(['', 'train_', 'train_A1B2C3D4E5F6', 'train_a1b2c3d4e5f6x', '../train_a1b2c3d4e5f6', 'train_a1b2c3d4e5f6\n'])(
    'of jobs have no other: %j',
    (text) => {
      expect(() => jobId(text)).toThrow('is not a job id');
    },
  );

  it('of leases tell the leadership and the number', () => {
    expect(leaseNumber(leaseId('3-17'))).toEqual({ headEpoch: 3, n: 17 });
    expect(makeLeaseId({ headEpoch: 3, n: 17 })).toBe('3-17');
  });

  it.each(['0-1', '1-0', '1', '1-2-3', '-1-1', '1-1e3'])('of leases have no other form: %s', (text) => {
    expect(() => leaseId(text)).toThrow('is not a lease id');
  });

  it('of leases order by leadership, then number', () => {
    const sorted = ['2-1', '1-10', '1-2'].map(leaseId).sort(compareLeases);
    expect(sorted).toEqual(['1-2', '1-10', '2-1']);
  });
});
