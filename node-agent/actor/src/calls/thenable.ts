/** Whether a value is to be waited for. What can't be read is not: sending it says why. Never throws. */
export function isThenable(value: unknown): boolean {
  try {
    return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
  } catch {
    return false;
  }
}
