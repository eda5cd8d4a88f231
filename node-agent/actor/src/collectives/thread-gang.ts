import type { MessagePort } from 'node:worker_threads';
import { fromErrorData, toErrorData, type ErrorData } from '@trainer/model';
import { deferred, type Deferred } from '@trainer/runtime';
import type { Collective, Numbers, Reduction } from './collective.js';

/*
 * A gang's connections live on the main thread, which is always free to beat; the work is on another. These two ends carry the
 * operations between them.
 */

type Asked =
  | { readonly operation: 'allReduce'; readonly values: Numbers; readonly reduction: Reduction }
  | { readonly operation: 'broadcast' | 'gather'; readonly values: Numbers; readonly root: number }
  | { readonly operation: 'barrier' };
type Answer = { readonly value: Numbers | readonly Numbers[] | undefined } | { readonly error: ErrorData };

/** The main thread's end: runs what the other thread asks for, in its order. */
export function serveCollective(port: MessagePort, gang: Collective): void {
  port.on('message', (asked: Asked) => {
    run(gang, asked).then(
      // What came from elsewhere is this end's own, so it can be handed over whole.
      (value) => port.postMessage({ value } satisfies Answer, gang.worldSize === 1 ? [] : buffersOf(value)),
      (error: unknown) => port.postMessage({ error: toErrorData(error) } satisfies Answer),
    );
  });
}

function buffersOf(value: Numbers | readonly Numbers[] | undefined): ArrayBuffer[] {
  const arrays = value === undefined ? [] : Array.isArray(value) ? (value as readonly Numbers[]) : [value as Numbers];
  return [...new Set(arrays.map((array) => array.buffer as ArrayBuffer))];
}

function run(gang: Collective, asked: Asked): Promise<Numbers | readonly Numbers[] | undefined> {
  switch (asked.operation) {
    case 'allReduce':
      return gang.allReduce(asked.values, asked.reduction);
    case 'broadcast':
      return gang.broadcast(asked.values, asked.root);
    case 'gather':
      return gang.gather(asked.values, asked.root);
    case 'barrier':
      return gang.barrier().then(() => undefined);
  }
}

/** The working thread's end. Close `port` when the work is over. */
export function threadCollective(port: MessagePort, place: { readonly rank: number; readonly worldSize: number }): Collective {
  const waiting: Deferred<unknown>[] = [];
  port.on('message', (answer: Answer) => {
    const asked = waiting.shift();
    if ('error' in answer) asked?.reject(fromErrorData(answer.error));
    else asked?.resolve(answer.value);
  });
  const ask = (asked: Asked): Promise<unknown> => {
    const answered = deferred<unknown>();
    waiting.push(answered);
    port.postMessage(asked);
    return answered.promise;
  };
  return {
    ...place,
    allReduce: <A extends Numbers>(values: A, reduction: Reduction) => ask({ operation: 'allReduce', values, reduction }) as Promise<A>,
    broadcast: <A extends Numbers>(values: A, root: number) => ask({ operation: 'broadcast', values, root }) as Promise<A>,
    gather: <A extends Numbers>(values: A, root: number) => ask({ operation: 'gather', values, root }) as Promise<readonly A[]>,
    barrier: () => ask({ operation: 'barrier' }).then(() => undefined),
  };
}
