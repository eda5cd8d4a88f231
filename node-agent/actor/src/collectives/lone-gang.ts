import type { Gang, Numbers, ThreadCollective } from './collective.js';

/** A gang of one: every operation is its own answer. */
export function loneGang(): Gang & ThreadCollective {
  return {
    rank: 0,
    worldSize: 1,
    whenLost: new Promise<Error>(() => undefined),
    allReduce: <A extends Numbers>(values: A) => Promise.resolve(values),
    broadcast: <A extends Numbers>(values: A) => Promise.resolve(values),
    gather: <A extends Numbers>(values: A) => Promise.resolve([values]),
    allGather: <A extends Numbers>(values: A) => Promise.resolve([values]),
    barrier: () => Promise.resolve(),
    leave: () => Promise.resolve(),
    blocking: { allReduce: <A extends Numbers>(values: A) => values, allGather: <A extends Numbers>(values: A) => [values] },
  };
}
