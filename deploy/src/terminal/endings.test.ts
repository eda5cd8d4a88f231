import { expect, test } from '@jest/globals';
import { nodeId, type Attempt } from '@trainer/model';
import { attemptsText, deathsText } from './endings.js';

const MIB = 2 ** 20;
const first: Attempt = {
  number: 1,
  startedAt: Date.UTC(2025, 11, 2, 10),
  endedAt: Date.UTC(2025, 11, 2, 10, 0, 12),
  fromEpoch: 0,
  workers: 1,
  nodes: [nodeId('node-000000000001')],
  memoryBytes: 403 * MIB,
  end: { kind: 'failed', blame: 'crash', rank: 0, code: 'job.crashed', message: 'Out of memory:\nused 444 MiB of 403 MiB', cause: null },
};

test('attempts are one a line, the one that goes on too', () => {
  const second: Attempt = { ...first, number: 2, endedAt: null, memoryBytes: 806 * MIB, fromEpoch: 40, end: null };
  expect(attemptsText([first, second]).split('\n')).toEqual([
    'ATTEMPT  STARTED                   TOOK  NODES              MEMORY   FROM EPOCH  WHY IT ENDED',
    '1        2025-12-02T10:00:00.000Z  12 s  node-000000000001  403 MiB  0           Out of memory: used 444 MiB of 403 MiB',
    '2        2025-12-02T10:00:00.000Z        node-000000000001  806 MiB  40          it goes on',
  ]);
});

test('ends of incarnations are one a line', () => {
  expect(deathsText([{ incarnation: 3, at: 0, cause: { kind: 'exited', code: 7 } }])).toMatch(
    /^INCARNATION +ENDED +WHY\n3 +1970-01-01T00:00:00.000Z +.*exited with code 7/,
  );
});
