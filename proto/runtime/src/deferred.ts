/** A promise that somebody else settles. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly isSettled: boolean;
  /** The first call of either counts. */
  resolve(value: T): void;
  reject(reason: unknown): void;
}

export function deferred<T>(): Deferred<T> {
  let isSettled = false;
  let settle: { resolve(value: T): void; reject(reason: unknown): void } | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return {
    promise,
    get isSettled() {
      return isSettled;
    },
    resolve: (value) => {
      isSettled = true;
      settle?.resolve(value);
    },
    reject: (reason) => {
      isSettled = true;
      settle?.reject(reason);
    },
  };
}
