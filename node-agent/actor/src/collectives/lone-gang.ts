import type { Gang, Numbers } from './collective.js';

/** A gang of one: every operation is its own answer. */
export function loneGang(): Gang {
  return {
    rank: 0,
    worldSize: 1,
    whenLost: new Promise<Error>(() => undefined),
    allReduce: <A extends Numbers>(values: A) => Promise.resolve(values),
    broadcast: <A extends Numbers>(values: A) => Promise.resolve(values),
    gather: <A extends Numbers>(values: A) => Promise.resolve([values]),
    barrier: () => Promise.resolve(),
    leave: () => Promise.resolve(),
  };
}
