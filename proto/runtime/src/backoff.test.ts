import { describe, expect, it } from '@jest/globals';
import { backoff } from './backoff.js';

describe('backoff', () => {
  it('doubles up to its bound', () => {
    const waits = backoff({ firstMs: 100, maxMs: 1000, random: () => 0 });
    expect(Array.from({ length: 6 }, () => waits.nextMs())).toEqual([100, 200, 400, 800, 1000, 1000]);
  });

  it('takes up to half of a wait away, by chance', () => {
    const waits = backoff({ firstMs: 100, maxMs: 1000, random: () => 0.5 });
    expect([waits.nextMs(), waits.nextMs()]).toEqual([75, 150]);
  });

  it('begins anew after a success', () => {
    const waits = backoff({ firstMs: 100, maxMs: 1000, random: () => 0 });
    waits.nextMs();
    waits.nextMs();
    waits.reset();
    expect(waits.nextMs()).toBe(100);
  });
});
