/** A table as plain lists, for the slow and obvious version of what the kernel does. */
export interface PlainRows {
  /** rows x columns */
  readonly values: readonly (readonly number[])[];
  /** Classes as indices, or values. */
  readonly target: readonly number[];
}

export interface PlainSettings {
  readonly criterion: 'gini' | 'entropy' | 'squared_error' | 'poisson';
  readonly minLeaf: number;
  readonly weightOf: (row: number) => number;
}

/** The impurity of rows times what they weigh, by its definition. */
export function impurityOf({ target }: PlainRows, rows: readonly number[], { criterion, weightOf }: PlainSettings): number {
  const total = rows.reduce((sum, row) => sum + weightOf(row), 0);
  const valueOf = (row: number): number => target[row] ?? NaN;
  if (criterion === 'squared_error' || criterion === 'poisson') {
    const mean = rows.reduce((sum, row) => sum + weightOf(row) * valueOf(row), 0) / total;
    const loss = (value: number): number => {
      if (criterion === 'squared_error') return (value - mean) ** 2;
      return (value > 0 ? value * Math.log(value / mean) : 0) - value + mean;
    };
    return rows.reduce((sum, row) => sum + weightOf(row) * loss(valueOf(row)), 0);
  }
  const shares = [...new Set(rows.map(valueOf))].map(
    (cls) => rows.reduce((sum, row) => sum + (valueOf(row) === cls ? weightOf(row) : 0), 0) / total,
  );
  if (criterion === 'gini') return total * shares.reduce((sum, share) => sum + share * (1 - share), 0);
  return total * shares.reduce((sum, share) => sum - (share > 0 ? share * Math.log(share) : 0), 0);
}

/** How much each allowed split of the rows lowers the impurity: every column, between every two neighbouring values. */
export function allSplits(
  table: PlainRows,
  rows: readonly number[],
  settings: PlainSettings,
): { column: number; below: number; above: number; gain: number }[] {
  const whole = impurityOf(table, rows, settings);
  const found = [];
  for (let column = 0; column < (table.values[0]?.length ?? 0); column += 1) {
    const valueOf = (row: number): number => table.values[row]?.[column] ?? NaN;
    const distinct = [...new Set(rows.map(valueOf))].sort((one, other) => one - other);
    for (const [at, below] of distinct.slice(0, -1).entries()) {
      const left = rows.filter((row) => valueOf(row) <= below);
      const right = rows.filter((row) => valueOf(row) > below);
      if (left.length < settings.minLeaf || right.length < settings.minLeaf) continue;
      const isForbidden =
        settings.criterion === 'poisson' && [left, right].some((side) => side.every((row) => (table.target[row] ?? NaN) === 0));
      if (isForbidden) continue;
      const gain = whole - impurityOf(table, left, settings) - impurityOf(table, right, settings);
      found.push({ column, below, above: distinct[at + 1] ?? NaN, gain });
    }
  }
  return found;
}
