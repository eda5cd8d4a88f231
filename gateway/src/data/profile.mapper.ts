import type { ColumnProfile, DatasetProfile } from '@trainer/model';
import type { ColumnProfileView, DatasetProfileView } from './profile.answers.js';
import type { DatasetView } from './put-dataset.js';

export function profileView(dataset: DatasetView, profile: DatasetProfile): DatasetProfileView {
  const { target } = profile;
  return {
    ...dataset,
    format: profile.format,
    rows: profile.rows,
    column_count: profile.columnCount,
    target: target && {
      column: target.column,
      task_type: target.taskType,
      guessed: target.isGuessed,
      rows_without_target: target.rowsWithout,
      training_rows: target.trainingRows,
      validation_rows: target.validationRows,
    },
    plan: profile.plan,
    encoded_columns: profile.encodedColumns,
    problems: profile.problems,
    warnings: profile.warnings,
    columns: profile.columns.map(columnView),
    columns_left_off: profile.columnCount - profile.columns.length,
  };
}

function columnView({ name, type, spelling, missing, distinct, values, plan, warnings }: ColumnProfile): ColumnProfileView {
  const { kind, why, encodedCount, encoded } = plan;
  return {
    name,
    type,
    date_format: spelling,
    missing,
    distinct,
    most_frequent: values,
    plan: { kind, why, encoded_count: encodedCount, encoded },
    warnings,
  };
}
