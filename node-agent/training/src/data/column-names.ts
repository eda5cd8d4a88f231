import { ColumnNameNulError, ColumnNameTooLongError, DuplicateColumnError, TooManyColumnsError } from './errors.js';

export interface HeaderLimits {
  readonly columns: number;
  readonly nameChars: number;
}

/** @returns the names as they are @throws TooManyColumnsError, ColumnNameNulError, ColumnNameTooLongError, DuplicateColumnError */
export function checkedNames(names: readonly string[], limits: HeaderLimits): readonly string[] {
  if (names.length > limits.columns) throw new TooManyColumnsError(names.length, limits.columns);
  const positions = new Map<string, number[]>();
  names.forEach((name, index) => {
    if (name.includes('\0')) throw new ColumnNameNulError(index + 1);
    if (name.length > limits.nameChars) throw new ColumnNameTooLongError(index + 1, limits.nameChars);
    const known = positions.get(name);
    if (known) known.push(index + 1);
    else positions.set(name, [index + 1]);
  });
  for (const [name, places] of positions) if (places.length > 1) throw new DuplicateColumnError(name, places);
  return names;
}
