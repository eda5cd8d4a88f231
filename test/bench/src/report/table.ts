import type { Results } from '../benches/bench.js';
import { round } from '../measuring/statistics.js';
import type { Goal } from './goals.js';

/** What was found on one side; null where it was not measured. */
export interface Found {
  readonly ours: Results | null;
  readonly ray: Results | null;
}

/** A table for a person: each figure beside its goal, and beside Ray's of this run or else of an earlier one (marked `~`). */
export function goalTable(goals: readonly Goal[], found: ReadonlyMap<string, Found>): string {
  const rows = goals.flatMap((goal) => {
    const sides = found.get(goal.bench);
    return sides === undefined ? [] : [rowOf(goal, sides)];
  });
  const header = ['figure', 'measured', 'goal', 'verdict', 'Ray', 'against Ray'];
  return columns([header, ...rows]);
}

/** @returns the number at a dotted path, or null. */
export function figureAt(results: Results | null, path: string): number | null {
  let at: Results[string] | undefined = results;
  for (const name of path.split('.')) at = typeof at === 'object' && at !== null ? at[name] : undefined;
  return typeof at === 'number' && Number.isFinite(at) ? at : null;
}

function rowOf(goal: Goal, { ours, ray }: Found): string[] {
  const measured = figureAt(ours, goal.path);
  const today = goal.ray === null ? null : figureAt(ray, goal.ray.path);
  const other = goal.ray === null ? null : today === null ? goal.ray.known : today * goal.ray.scale;
  const written = (value: number | null): string => (value === null ? '-' : `${shown(value)} ${goal.unit}`);
  const isBefore = goal.ray !== null && today === null;
  return [
    goal.what,
    written(measured),
    written(goal.goal),
    measured === null ? 'not measured' : verdict(goal, measured),
    other === null ? '-' : `${isBefore ? '~' : ''}${written(other)}`,
    measured === null || other === null ? '-' : `${shown(goal.better === 'lower' ? other / measured : measured / other)} times better`,
  ];
}

function verdict(goal: Goal, measured: number): string {
  const [excess, share] = [measured / goal.goal, Math.round((measured / goal.goal) * 100)];
  if (goal.better === 'higher') return excess >= 1 ? 'met' : `missed: ${share} % of it`;
  return excess <= 1 ? 'met' : `missed: ${share - 100} % over`;
}

function shown(value: number): string {
  return (value >= 100 ? Math.round(value) : round(value, value >= 10 ? 1 : 2)).toLocaleString('en-US');
}

/** Rows of cells, the first one the header; the first column is flush left, the others right. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '))
    .join('\n');
}
