import { describe, expect, it } from '@jest/globals';
import { jobId, leaseId, nodeId } from '@trainer/model';
import { jobEventsSubject, logSubject, placeSubject } from './subjects.js';

describe('the subjects on NATS', () => {
  it('are those of the design', () => {
    expect(placeSubject(nodeId('node-0123456789ab'), 3)).toBe('trainer.v1.node.node-0123456789ab.3.place');
    expect(jobEventsSubject(jobId('train_0123456789ab'))).toBe('trainer.v1.job.train_0123456789ab.events');
    expect(logSubject(leaseId('1-2'))).toBe('trainer.v1.log.1-2');
  });
});
