import { expect, test } from '@jest/globals';
import { TrainerError, type SignedRequest, type ToActorProcess } from '@trainer/model';
import { SignedRequests } from './signed-requests.js';

const REQUEST: SignedRequest = { method: 'GET', bucket: 'data', key: 'k', query: {} };

async function answerTo(error: Error): Promise<ToActorProcess[]> {
  const sent: ToActorProcess[] = [];
  const requests = new SignedRequests({
    sign: () => Promise.reject(error),
    send: (message) => void sent.push(message),
    broke: (why) => {
      throw new Error(why);
    },
  });
  await requests.take(7, REQUEST);
  return sent;
}

test.each(['same', 'never'] as const)('a request that is not signed is told why, and whether to ask again: %s', async (retry) => {
  expect(await answerTo(new TrainerError('store.unavailable', 'it is away', {}, retry))).toEqual([
    { kind: 'not-signed', number: 7, why: 'it is away', retry },
  ]);
});

test('a defect is no reason to ask again', async () => {
  expect(await answerTo(new TypeError('oops'))).toEqual([{ kind: 'not-signed', number: 7, why: 'oops', retry: 'never' }]);
});
