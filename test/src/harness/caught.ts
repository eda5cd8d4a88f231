/** @returns what the promise rejects with. @throws when it does not */
export function caught(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => Promise.reject(new Error(`It settled with ${String(value)}.`)),
    (error: unknown) => error,
  );
}
