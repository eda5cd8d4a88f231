import { expect, test } from '@jest/globals';
import { ACTOR_STATES_BUCKET, actorId, actorStateKey, jobId, type LeaseHolder, type SignedRequest } from '@trainer/model';
import { maySign } from './store-access.js';

const BUCKETS = { data: 'data', models: 'models' };
const RANK: LeaseHolder = { kind: 'rank', job: jobId('train_0123456789ab'), attempt: 2, rank: 1 };
const ACTOR: LeaseHolder = { kind: 'actor', actor: actorId('actor-0123456789abcdef'), incarnation: 1 };
const OTHER = actorId('actor-fedcba9876543210');
const ofJob = 'attempts/train_0123456789ab/2/m.pkl';

const request = (method: SignedRequest['method'], bucket: string, key: string, query = {}): SignedRequest => ({
  method,
  bucket,
  key,
  query,
});

test.each<[string, boolean, LeaseHolder, boolean, SignedRequest]>([
  ['a rank reads a dataset', true, RANK, true, request('GET', 'data', 'some/table.csv')],
  ['a rank looks at one', true, RANK, true, request('HEAD', 'data', 'some/table.csv')],
  ['a rank writes a dataset', false, RANK, true, request('PUT', 'data', 'some/table.csv')],
  ['a rank reads a checkpoint of its job', true, RANK, true, request('GET', 'models', 'attempts/train_0123456789ab/1/c.ckpt')],
  ['a rank stores a model', true, RANK, true, request('PUT', 'models', ofJob)],
  ['a rank stores it in parts', true, RANK, true, request('PUT', 'models', ofJob, { partNumber: '1', uploadId: 'x' })],
  ['a rank begins to', true, RANK, true, request('POST', 'models', ofJob, { uploads: '' })],
  ['a rank ends an upload', true, RANK, true, request('DELETE', 'models', ofJob, { uploadId: 'x' })],
  ['a rank removes an object', false, RANK, true, request('DELETE', 'models', ofJob)],
  ['a rank changes what is not the object', false, RANK, true, request('PUT', 'models', ofJob, { acl: '' })],
  ['a rank reads of another job', false, RANK, true, request('GET', 'models', 'attempts/train_0123456789ac/1/c.ckpt')],
  ['a rank reads a model', false, RANK, true, request('GET', 'models', 'xgboost_classifier/m.pkl')],
  ['a rank lists', false, RANK, true, request('GET', 'data', 'x', { 'list-type': '2' })],
  ['an actor of ours reads a dataset', true, ACTOR, true, request('GET', 'data', 'some/table.csv')],
  ["an actor of a user's does", false, ACTOR, false, request('GET', 'data', 'some/table.csv')],
  ['an actor keeps its state', true, ACTOR, false, request('PUT', ACTOR_STATES_BUCKET, actorStateKey(ACTOR.actor, 1, 1))],
  ['an actor reads one of before', true, ACTOR, false, request('GET', ACTOR_STATES_BUCKET, actorStateKey(ACTOR.actor, 1, 1))],
  ["an actor reads another's", false, ACTOR, false, request('GET', ACTOR_STATES_BUCKET, actorStateKey(OTHER, 1, 1))],
  ['an actor writes a model', false, ACTOR, true, request('PUT', 'models', ofJob)],
])('%s: %s', (_what, may, holder, isInstalled, asked) => {
  expect(maySign(holder, isInstalled, asked, BUCKETS)).toBe(may);
});
