import type { TableShape } from '@trainer/model';

/** What a table's file says of its size without being read whole. */
export type EstimatedTable = TableShape;

/** Which of the columns take part, as a request says it. */
export interface WhatTakesPart {
  /** null: none is named. */
  readonly target: string | null;
  /** Is a column predicted? Where none is named it is the last one that is not excluded. */
  readonly hasTarget: boolean;
  readonly excluded: readonly string[];
  /** Is the target one of some classes? */
  readonly hasClasses: boolean;
}

/** A dataset as a job asks for it. */
export interface AskedTable extends WhatTakesPart {
  readonly bucket: string;
  readonly key: string;
  readonly etag: string;
  readonly bytes: number;
}
