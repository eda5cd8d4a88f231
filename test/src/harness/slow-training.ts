const COLUMNS = 20;
const ROWS = 20_000;

/** Noise that deep trees take their time over: a training of a second for some thirty trees, which any test can interrupt. */
export function slowTable(): string {
  const names = Array.from({ length: COLUMNS }, (_, at) => `x${at}`);
  const value = (row: number, at: number): number => ((row + 1) * (at + 3) * 7919 + row * row * 31) % 1009;
  const line = (row: number): string => `${names.map((_, at) => value(row, at)).join()},${(value(row, 21) * value(row, 22)) % 2}\n`;
  return `${names.join()},label\n${Array.from({ length: ROWS }, (_, row) => line(row)).join('')}`;
}

/** A training on that table, stored as `slow.csv`: a tree an epoch, so many of them. */
export function slowTraining(trees: number, hyperparameters: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return {
    model_id: 'xgboost_classifier',
    data_id: 'slow.csv',
    task_type: 'classification',
    target_column: 'label',
    epochs: trees,
    early_stopping: false,
    hyperparameters: { n_estimators: trees, max_depth: 8, ...hyperparameters },
  };
}

/** Labels at random, in the column `y`: no table makes larger trees. The same for the same size. */
export function noiseTable({
  rows,
  columns,
  classes,
}: {
  readonly rows: number;
  readonly columns: number;
  readonly classes: number;
}): string {
  let state = 7;
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  const lines = Array.from({ length: rows }, () => {
    const values = Array.from({ length: columns }, () => random().toFixed(6));
    return `${values.join()},${classes === 0 ? random().toFixed(6) : Math.floor(random() * classes)}`;
  });
  return `${Array.from({ length: columns }, (_, at) => `x${at}`).join()},y\n${lines.join('\n')}\n`;
}
