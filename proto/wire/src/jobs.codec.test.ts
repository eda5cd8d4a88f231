import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as pb from './gen/trainer/v1/jobs.js';
import {
  decodeJob,
  decodeJobEvent,
  decodeJobNewsBytes,
  decodeModel,
  encodeJob,
  encodeJobEventBytes,
  encodeJobEventNumberBytes,
  encodeModel,
} from './jobs.codec.js';
import * as reports from './reports.codec.js';
import { decodeAssignment, decodeSentRequest, encodeAssignment, encodeSentRequest } from './requests.codec.js';
import * as any from './testing/index.js';
import { decodeValue, encodeValue } from './values.js';

describe('jobs on the wire', () => {
  it('come out of their bytes as they went in', () => {
    fc.assert(
      fc.property(any.anyJob, (job) => {
        expect(decodeJob(pb.Job.decode(pb.Job.encode(encodeJob(job)).finish()))).toStrictEqual(job);
      }),
    );
  });

  it('tell their events', () => {
    fc.assert(
      fc.property(any.anyJobEvent, (event) => {
        const { number } = event;
        expect(decodeJobNewsBytes(encodeJobEventBytes(event))).toStrictEqual({ number, event });
        expect(decodeJobNewsBytes(encodeJobEventNumberBytes(event))).toStrictEqual({ number, event: null });
      }),
    );
  });

  it('yield models', () => {
    fc.assert(
      fc.property(any.anyModel, (model) => {
        expect(decodeModel(pb.Model.decode(pb.Model.encode(encodeModel(model)).finish()))).toStrictEqual(model);
      }),
    );
  });

  it('begin with a request as it was sent', () => {
    fc.assert(
      fc.property(any.anySentRequest, (request) => {
        const bytes = pb.TrainRequest.encode(encodeSentRequest(request)).finish();
        expect(decodeSentRequest(pb.TrainRequest.decode(bytes), 'request')).toStrictEqual(request);
      }),
    );
  });

  it('keep their checkpoints', () => {
    fc.assert(
      fc.property(any.anyStoredCheckpoint, (stored) => {
        const bytes = pb.StoredCheckpoint.encode(reports.encodeStoredCheckpoint(stored)).finish();
        expect(reports.decodeStoredCheckpoint(pb.StoredCheckpoint.decode(bytes), 'checkpoint')).toStrictEqual(stored);
      }),
    );
  });

  it('refuse an event whose data is of another type', () => {
    const event = {
      job: 'train_000000000000',
      number: 1,
      at: 1,
      type: pb.JobEventType.JOB_EVENT_TYPE_METRICS,
      data: { $case: 'jobState', value: {} },
    };
    expect(() => decodeJobEvent(event as pb.JobEvent)).toThrow('jobEvent.data: is no epoch of metrics.');
  });
});

describe('a report of a rank', () => {
  it('comes out of its bytes as it went in', () => {
    fc.assert(
      fc.property(any.anyRankReport, (report) => {
        const bytes = pb.RankReport.encode(reports.encodeRankReport(report)).finish();
        expect(reports.decodeRankReport(pb.RankReport.decode(bytes), 'rank')).toStrictEqual(report);
      }),
    );
  });

  it('is refused for a metric that is not a number', () => {
    const metrics = { epoch: 1, additional: { f1: { value: Number.NaN } } } as unknown as pb.EpochMetrics;
    const report: pb.RankReport = { report: { $case: 'epoch', value: { metrics, done: 0 } } };
    expect(() => reports.decodeRankReport(report, 'rank')).toThrow('rank.epoch.metrics.additional.f1: is not a finite number.');
  });

  it('is refused for a phase that only the head knows', () => {
    const report: pb.RankReport = { report: { $case: 'phase', value: pb.JobPhase.JOB_PHASE_QUEUED } };
    expect(() => reports.decodeRankReport(report, 'rank')).toThrow('rank.phase: 1 is no phase that a rank reports.');
  });
});

describe('the assignment of a rank', () => {
  it('comes out of its bytes as it went in', () => {
    fc.assert(
      fc.property(any.anyAssignment, (assignment) => expect(decodeAssignment(encodeAssignment(assignment))).toStrictEqual(assignment)),
    );
  });

  it('bears fields of a newer version', () => {
    const [assignment] = fc.sample(any.anyAssignment, { numRuns: 1, seed: 1 });
    expect(decodeAssignment(encodeValue({ ...assignment, newer: true }))).toStrictEqual(assignment);
  });

  it('is refused with the path of the field that is wrong', () => {
    const [assignment] = fc.sample(any.anyAssignment, { numRuns: 1, seed: 1 });
    const plain = decodeValue(encodeAssignment(assignment as never)) as Record<string, Record<string, unknown>>;
    const wrong = { ...plain, request: { ...plain['request'], epochs: -1 } };
    expect(() => decodeAssignment(encodeValue(wrong))).toThrow('assignment.request.epochs: is not an integer from 0.');
  });
});
