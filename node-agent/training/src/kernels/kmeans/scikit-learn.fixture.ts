import type { FeatureMatrix } from '../../learning/learner.js';

/** What scikit-learn 1.9.1's `KMeans(init=first, n_init=1)` and its metrics answer for made-up rows, in double. */
export interface Recorded {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly clusters: number;
  /** How far from zero the values lie. */
  readonly far: number;
  readonly iterationsAtMost: number;
  readonly tol: number;
  /** The first centres: the first rows, of which two may be put where no row is near. */
  readonly first: 'rows' | 'far away';
  readonly inertia: number;
  readonly iterations: number;
  readonly sizes: readonly number[];
  /** Of the first rows. */
  readonly labels: readonly number[];
  readonly silhouette: number;
  readonly daviesBouldin: number;
  /** Beside the four groups that the rows are made of. */
  readonly ari: number;
}

/** Four groups that overlap: row r is of group r % 4. */
export function recordedRows({ rows, columns, far }: Pick<Recorded, 'rows' | 'columns' | 'far'>): FeatureMatrix {
  let state = 7;
  const values = Float32Array.from({ length: rows * columns }, (_, at) => {
    state = (state * 48_271) % 2_147_483_647;
    const group = Math.floor(at / columns) % 4;
    return far + state / 2_147_483_647 + group * ((at % columns) % 2 === 0 ? 0.9 : -0.4);
  });
  return { values, rows, columns };
}

export function firstCentres({ values, columns }: FeatureMatrix, { clusters, first }: Recorded): Float64Array {
  const centres = Float64Array.from(values.subarray(0, clusters * columns));
  if (first === 'far away') centres.fill(50, 2 * columns, 3 * columns).fill(-80, 3 * columns, 4 * columns);
  return centres;
}

export const RECORDED: readonly Recorded[] = [
  {
    name: 'four groups',
    rows: 400,
    columns: 5,
    clusters: 4,
    far: 0,
    iterationsAtMost: 300,
    tol: 0.0001,
    first: 'rows',
    inertia: 164.00003429638002,
    iterations: 3,
    sizes: [100, 100, 100, 100],
    labels: [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3],
    silhouette: 0.49075041041035894,
    daviesBouldin: 0.7587271442519793,
    ari: 1.0,
  },
  {
    name: 'more clusters than groups',
    rows: 1000,
    columns: 7,
    clusters: 13,
    far: 0,
    iterationsAtMost: 300,
    tol: 0.0001,
    first: 'rows',
    inertia: 458.408927999707,
    iterations: 13,
    sizes: [71, 77, 65, 81, 62, 94, 103, 90, 50, 79, 82, 79, 67],
    labels: [
      0, 1, 2, 3, 4, 5, 2, 7, 8, 9, 10, 11, 12, 5, 6, 7, 12, 1, 10, 3, 8, 1, 6, 3, 4, 1, 2, 11, 8, 9, 2, 3, 0, 5, 10, 3, 12, 9, 10, 7,
    ],
    silhouette: 0.10517680006047492,
    daviesBouldin: 2.306232297137443,
    ari: 0.4080217683832192,
  },
  {
    name: 'one column',
    rows: 300,
    columns: 1,
    clusters: 5,
    far: 0,
    iterationsAtMost: 300,
    tol: 0.0001,
    first: 'rows',
    inertia: 12.791029219429884,
    iterations: 13,
    sizes: [54, 62, 63, 63, 58],
    labels: [0, 1, 1, 3, 4, 4, 2, 3, 4, 4, 2, 3, 0, 1, 1, 3, 0, 1, 1, 3, 0, 1, 1, 3, 0, 1, 1, 2, 0, 4, 2, 3, 0, 1, 2, 3, 4, 1, 1, 3],
    silhouette: 0.5871610693312305,
    daviesBouldin: 0.4772399923335251,
    ari: 0.56233708181516,
  },
  {
    name: 'far from zero',
    rows: 500,
    columns: 4,
    clusters: 4,
    far: 1000,
    iterationsAtMost: 300,
    tol: 0.0001,
    first: 'rows',
    inertia: 163.5716295550838,
    iterations: 4,
    sizes: [125, 123, 127, 125],
    labels: [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3],
    silhouette: 0.4494372706275377,
    daviesBouldin: 0.8182552180989424,
    ari: 0.978796098439448,
  },
  {
    name: 'stopped after three iterations',
    rows: 1000,
    columns: 6,
    clusters: 9,
    far: 0,
    iterationsAtMost: 3,
    tol: 0.0001,
    first: 'rows',
    inertia: 425.46401961082677,
    iterations: 3,
    sizes: [92, 125, 121, 57, 53, 124, 120, 202, 106],
    labels: [0, 1, 2, 3, 4, 5, 6, 7, 8, 5, 2, 7, 0, 1, 2, 3, 4, 1, 6, 7, 0, 1, 2, 7, 0, 1, 6, 3, 8, 1, 6, 7, 8, 5, 2, 3, 0, 1, 2, 7],
    silhouette: 0.1232847732650239,
    daviesBouldin: 2.2943764787710665,
    ari: 0.5976032541521522,
  },
  {
    name: 'a loose tolerance',
    rows: 1000,
    columns: 6,
    clusters: 9,
    far: 0,
    iterationsAtMost: 300,
    tol: 0.01,
    first: 'rows',
    inertia: 415.7175840281915,
    iterations: 9,
    sizes: [82, 126, 124, 93, 74, 123, 125, 158, 95],
    labels: [0, 1, 2, 3, 4, 5, 6, 7, 8, 5, 6, 3, 0, 1, 2, 3, 4, 1, 2, 3, 0, 1, 2, 3, 0, 1, 6, 3, 8, 1, 6, 7, 8, 5, 2, 3, 0, 1, 2, 7],
    silhouette: 0.12864232085914304,
    daviesBouldin: 2.3044554168063156,
    ari: 0.564253438107417,
  },
  {
    name: 'an empty cluster',
    rows: 300,
    columns: 3,
    clusters: 5,
    far: 0,
    iterationsAtMost: 300,
    tol: 0.0001,
    first: 'far away',
    inertia: 69.08956677016006,
    iterations: 10,
    sizes: [76, 70, 41, 40, 73],
    labels: [4, 0, 1, 2, 4, 0, 1, 2, 4, 0, 1, 3, 4, 0, 1, 3, 4, 0, 1, 2, 4, 0, 1, 3, 4, 0, 1, 3, 4, 0, 1, 2, 4, 0, 1, 3, 4, 0, 1, 3],
    silhouette: 0.41212572632732714,
    daviesBouldin: 1.0291499460305487,
    ari: 0.8459178977611674,
  },
];
