import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { credentials, Metadata, Server, ServerCredentials, status, type ServiceError } from '@grpc/grpc-js';
import { InvalidRequestError, TrainerError } from '@trainer/model';
import { ClusterServiceClient, ClusterServiceService, type ClusterServiceServer } from './gen/trainer/v1/actors.js';
import { errorToStatus, statusToError } from './status.js';

/** What the service throws next. */
let thrown: unknown;
const server = new Server();
let client: InstanceType<typeof ClusterServiceClient>;

beforeAll(async () => {
  const status: ClusterServiceServer['status'] = (_call, callback) => callback(errorToStatus(thrown));
  server.addService(ClusterServiceService, { status });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  client = new ClusterServiceClient(`127.0.0.1:${port}`, credentials.createInsecure());
});
afterAll(() => {
  client.close();
  server.forceShutdown();
});

function call(error: unknown): Promise<ServiceError> {
  thrown = error;
  return new Promise((resolve, reject) => {
    client.status({}, (problem) => (problem ? resolve(problem) : reject(new Error('it answered'))));
  });
}

describe('an error over gRPC', () => {
  it('arrives with its code, message, facts and retry', async () => {
    const error = new TrainerError('cluster.unavailable', 'No head: ünavailable.', { since: 5, tried: ['a'] }, 'same');
    const problem = await call(error);
    expect(problem.code).toBe(status.UNAVAILABLE);
    const { code, message, facts, retry } = statusToError(problem);
    expect({ code, message, facts, retry }).toEqual({
      code: 'cluster.unavailable',
      message: error.message,
      facts: error.facts,
      retry: 'same',
    });
  });

  it('keeps the issues of a request', async () => {
    const issues = [{ path: ['epochs'], message: 'is too large', type: 'range' }];
    expect(statusToError(await call(new InvalidRequestError(issues))).facts).toEqual({ issues });
  });

  it('arrives without its facts when they are too long for a trailer', async () => {
    const error = statusToError(await call(new TrainerError('placement.infeasible', 'm'.repeat(10_000), { why: 'x'.repeat(100_000) })));
    expect(error).toMatchObject({ code: 'placement.infeasible', facts: {} });
    expect(error.message).toHaveLength(4096);
  });

  it('arrives with facts of twenty kilobytes', async () => {
    const error = statusToError(await call(new TrainerError('placement.infeasible', 'no', { why: 'x'.repeat(20_000) })));
    expect(error.facts).toEqual({ why: 'x'.repeat(20_000) });
  });

  it('arrives although its text was cut within a character', async () => {
    const problem = await call(new TrainerError('request.invalid', `x${'\u{1f600}'.repeat(3_000)}`, {}));
    expect(problem.code).toBe(status.INVALID_ARGUMENT);
  });

  it('has a status although its code is not of the list', async () => {
    const problem = await call(new TrainerError('some.other', 'm', {}));
    expect(problem.code).toBe(status.UNKNOWN);
    expect(statusToError(problem).code).toBe('some.other');
  });

  it('is internal when it was no error of ours', async () => {
    expect(statusToError(await call(new RangeError('oops')))).toMatchObject({ code: 'internal', message: 'oops' });
  });

  it('is one of ours when gRPC itself failed', () => {
    const failed = Object.assign(new Error('14 UNAVAILABLE: no connection'), {
      code: status.UNAVAILABLE,
      details: 'no connection',
      metadata: new Metadata(),
    });
    expect(statusToError(failed)).toMatchObject({ code: 'cluster.unavailable', retry: 'same', facts: { grpcStatus: 'UNAVAILABLE' } });
  });

  it('is passed on as it is when it never left', () => {
    const error = new TrainerError('call.timeout', 'm', {});
    expect(statusToError(error)).toBe(error);
  });
});
