import { openClient } from '@trainer/runtime';
import { ActorCallsClient, encodeValue, type pb } from '@trainer/wire';

let callers = 0;

/** Makes one call, as a caller of its own; a call that is not answered stays pending. */
export function call(address: string, token: string, method: string, args: readonly unknown[]): Promise<pb.AnswerBatch> {
  const client = openClient(ActorCallsClient, address, null);
  const stream = client.connect();
  const answered = new Promise<pb.AnswerBatch>((resolve) => {
    stream.on('data', (batch: pb.AnswerBatch) => {
      if (batch.refused === undefined && batch.answers.length === 0) return;
      resolve(batch);
      client.close();
    });
    // Its process has ended: the call stays pending, the connection need not.
    stream.on('error', () => client.close());
  });
  stream.write({
    hello: { caller: `a-test-${(callers += 1)}`, token, protocol: { major: 1, minor: 0 }, written: 0 },
    calls: [],
    cancels: [],
    credits: [],
  });
  stream.write({
    hello: undefined,
    calls: [{ number: 1, method, args: encodeValue(args), timeoutMs: 0, windowBytes: 0 }],
    cancels: [],
    credits: [],
  });
  return answered;
}
