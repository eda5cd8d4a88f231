import type { FileRole, SignatureColumn } from '@trainer/model';

/** Where the files go: an existing folder, and the stem of their names. */
export interface ExportPlace {
  readonly folder: string;
  readonly stem: string;
}

export interface ExportedFile {
  readonly role: FileRole;
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /** `.pkl`, `.onnx`, `.ubj`, `_predictions.csv`, `.json`; the name is the stem with it. */
  readonly ending: string;
}

/** The written and verified model; fields as in `TrainingResult`. */
export interface ExportedModel {
  readonly files: readonly ExportedFile[];
  readonly signature: { readonly inputs: readonly SignatureColumn[]; readonly outputs: readonly SignatureColumn[] };
  readonly classes: readonly (string | number)[] | null;
  /** By encoded column, greatest first. */
  readonly featureImportance: readonly { readonly feature: string; readonly importance: number }[];
  readonly verified: { readonly rows: number; readonly tiedRows: number };
}
