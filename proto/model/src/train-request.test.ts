import { describe, expect, it } from '@jest/globals';
import { dataIdProblem } from './train-request.js';

describe('the key of a dataset', () => {
  it.each(['iris.csv', 'processed/test_20251207.csv', "it's.csv", 'a*b"c.csv', 'ünï.csv', 'no-ending', '.hidden', 'a..b.csv'])(
    'may be %s',
    (key) => {
      expect(dataIdProblem(key)).toBeNull();
    },
  );

  it.each(['', '/etc/passwd', '../x', 'a/../b', 'a//b', 'a/.', 'a\\b', 'a\u0000b', 'x'.repeat(513)])('may not be %j', (key) => {
    expect(dataIdProblem(key)).not.toBeNull();
  });
});
