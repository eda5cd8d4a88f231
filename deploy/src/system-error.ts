/** @returns the code of an error of the system, such as `ENOENT`; null for any other. */
export function codeOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('syscall' in error) || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}
