import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CATALOG, jobId } from '@trainer/model';
import type { SentTrainRequest } from '@trainer/model';
import { aSentTrainRequest } from '@trainer/model/testing';
import { encodeAssignment, encodeJobEventBytes } from '@trainer/wire';
import { newJob, submittedEvent } from './new-job.js';
import { warned } from './reports.js';
import { checkSubmission } from './submission.js';

/** No message over NATS, and no row, is larger (design.md section 1); NATS itself takes 1 MiB. */
const MOST_BYTES = 256 * 1024;
const JOB = jobId('train_0123456789ab');

const text = (maxLength: number): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom('x', 'é', '"', '\u0001', '漢', '\u{1f600}'), fc.nat(maxLength))
    .map(([unit, length]) => unit.repeat(Math.floor(length / unit.length)));
const many = <T>(item: fc.Arbitrary<T>, max: number): fc.Arbitrary<T[]> =>
  fc.tuple(item, fc.constantFrom(0, 1, 10, 100, max)).map(([one, count]) => Array.from({ length: count }, () => one));
const numbered = (texts: readonly string[]): string[] => texts.map((one, i) => `${i}${one}`);

/** Fields at, below and above each of their limits. */
const sent: fc.Arbitrary<SentTrainRequest> = fc
  .record({
    columns: many(text(200), 16_384),
    tags: many(text(5_000), 100),
    noise: many(fc.oneof(text(256), fc.double({ noNaN: true, noDefaultInfinity: true })), 256),
    warnings: many(text(1_000), 100),
  })
  .map(({ columns, tags, noise, warnings }) =>
    aSentTrainRequest({
      excludeColumns: numbered(columns),
      tags: Object.fromEntries(tags.map((value, i) => [`tag${i}`, value])),
      hyperparameters: { n_jobs: noise, callbacks: noise, verbose: noise, feature_types: noise },
      warnings: numbered(warnings),
    }),
  );

test('whatever is accepted fits into an event, a row and the start of a rank', () => {
  const defaults = { epochs: 100, patience: 10 };
  let accepted = 0;
  let largest = 0;
  fc.assert(
    fc.property(sent, text(100_000), (request, said) => {
      const submission = checkSubmission(request, CATALOG, defaults);
      if (submission.kind === 'refused') return;
      accepted += 1;
      const dataset = { key: request.dataId, etag: 'e'.repeat(64), bytes: 1 };
      const made = newJob(
        { id: JOB, request: submission.request, dataset, dataBucket: 'data', modelsBucket: 'models', checkpointInterval: 5 },
        0,
      );
      const record = Array.from({ length: 200 }, (_, i) => `${i} ${said}`).reduce(warned, made);
      const assignment = encodeAssignment({
        job: JOB,
        attempt: 1,
        rank: 0,
        worldSize: 1,
        request: submission.request,
        dataset: { bucket: 'data', ...dataset },
        modelsBucket: 'models',
        artifactStem: 'x'.repeat(500),
        checkpointIntervalEpochs: 5,
        resumeFrom: null,
        threads: 1,
        memoryBytes: 2 ** 50,
      });
      const sizes = [encodeJobEventBytes(submittedEvent(record)).length, Buffer.byteLength(JSON.stringify(record)), assignment.length];
      largest = Math.max(largest, ...sizes);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(MOST_BYTES);
    }),
    { numRuns: 300, seed: 14 },
  );
  expect({ isOftenAccepted: accepted > 50, comesClose: largest > MOST_BYTES / 2 }).toEqual({ isOftenAccepted: true, comesClose: true });
});
