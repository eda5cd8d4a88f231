import type { Collective } from '@trainer/actor';
import type { FeatureMatrix, TargetVector } from '../learning/learner.js';

/** Of each column over the rows of all ranks; all of them call it. */
export async function columnDeviations(team: Collective, { values, rows, columns }: FeatureMatrix): Promise<Float64Array> {
  const own = new Float64Array(columns + 1);
  own[columns] = rows;
  for (let at = 0; at < rows * columns; at += 1) own[at % columns] = (own[at % columns] ?? 0) + (values[at] ?? NaN);
  const sums = await team.allReduce(own, 'sum');
  const count = sums[columns] ?? 0;
  const means = sums.slice(0, columns).map((sum) => sum / count);
  const squares = new Float64Array(columns);
  for (let at = 0; at < rows * columns; at += 1) {
    const column = at % columns;
    squares[column] = (squares[column] ?? 0) + ((values[at] ?? NaN) - (means[column] ?? NaN)) ** 2;
  }
  return (await team.allReduce(squares, 'sum')).map((sum) => Math.sqrt(sum / count));
}

/** The rows of each class, of all ranks; all of them call it. */
export async function countsOf(team: Collective, target: TargetVector, classCount: number): Promise<Float64Array> {
  const own = new Float64Array(classCount);
  for (const label of target) own[label] = (own[label] ?? 0) + 1;
  return team.allReduce(own, 'sum');
}
