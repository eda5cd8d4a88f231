/** The workspace's door: what tests and benchmarks across packages drive without an actor around it. */
export { openXgboost } from './engines/xgboost-library.js';
export type { XgboostLibrary } from './engines/xgboost-library.js';
export { createXgboostLearner } from './models/xgboost.js';
export type { LabelledRows, Learner, LearnerInit } from './learning/learner.js';
export type { Preprocessing, TargetEncoding } from './preprocessing/preprocessing.js';
export { exportModel } from './artifacts/export-model.js';
export type { ExportRequest } from './artifacts/export-model.js';
export type { ExportedModel } from './artifacts/exported-model.js';
export { prepareVerifier } from './artifacts/verifier.js';
export { PICKLE_LOADER, PICKLE_PROGRAM } from './artifacts/pickle-program.js';
export { splitRows } from './split/split.js';
export { openDataset } from './data/open-dataset.js';
export type { DatasetReading } from './data/open-dataset.js';
export { datesOf } from './data/dates.js';
export type { Column, Dataset, Table } from './data/table.js';
export { fitPreprocessing } from './preprocessing/fit.js';
export type { FitRequest } from './preprocessing/fit.js';
