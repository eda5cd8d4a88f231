/** What a model adds to a graph, as names of values. */
export type ModelOutputs =
  /** float32 [rows, classes]; the label is the class with the greatest one. */
  | { readonly kind: 'probabilities'; readonly probabilities: string }
  /** float64 [rows, 1]: a target far from zero has no room in float32. */
  | { readonly kind: 'value'; readonly value: string }
  /** int64 [rows]. */
  | { readonly kind: 'clusters'; readonly cluster: string };
