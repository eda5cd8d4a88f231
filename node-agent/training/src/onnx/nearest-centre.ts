import { axis, type GraphBuilder } from './graph-builder.js';

/** The attribute `to` of a Cast to double. */
const TO_DOUBLE = { name: 'to', kind: 'int', value: 11 } as const;

/**
 * The number of the centre that is nearest to each row, ties to the lower one. |c|²/2 - x·c orders centres as |x - c|² does; both are seen from the
 * centres' mean, in double, so that values far from zero do not cancel.
 * @param features float32 [rows, columns]. @param centres row-major `count x columns`. @returns int64 [rows]
 */
export function nearestCentreInOnnx(graph: GraphBuilder, features: string, centres: Float64Array, columns: number): string {
  const count = centres.length / columns;
  const middle = new Float64Array(columns);
  centres.forEach((value, at) => (middle[at % columns] = (middle[at % columns] ?? 0) + value / count));
  const moved = centres.map((value, at) => value - (middle[at % columns] ?? 0));
  const towards = Float64Array.from({ length: centres.length }, (_, at) => -(moved[(at % count) * columns + Math.floor(at / count)] ?? 0));
  const halves = Float64Array.from({ length: count }, (_, c) =>
    moved.subarray(c * columns, (c + 1) * columns).reduce((sum, value) => sum + (value * value) / 2, 0),
  );
  const double = (name: string, shape: readonly number[], values: Float64Array): string =>
    graph.constant(name, { shape: [...shape], type: 'double', values });
  const exact = graph.add({ operator: 'Cast', inputs: [features], output: 'exact_features', attributes: [TO_DOUBLE] });
  const seen = graph.add({ operator: 'Sub', inputs: [exact, double('centres_mean', [1, columns], middle)], output: 'from_the_mean' });
  const products = graph.add({ operator: 'MatMul', inputs: [seen, double('centres', [columns, count], towards)], output: 'products' });
  const order = graph.add({ operator: 'Add', inputs: [products, double('centres_halves', [1, count], halves)], output: 'order' });
  return graph.add({
    operator: 'ArgMin',
    inputs: [order],
    output: 'nearest',
    attributes: [axis(1), { name: 'keepdims', kind: 'int', value: 0 }],
  });
}
