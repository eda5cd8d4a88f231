/** @jest-environment ./node-agent/training/native-environment.mjs */
import { CATALOG, type HyperparameterValues } from '@trainer/model';
import { exportedFilesContract } from './exported-files.contract.js';
import { learnerContract } from './learner.contract.js';

/** Other ways through a family's learner. */
const VARIANTS: Readonly<Record<string, Readonly<Record<string, HyperparameterValues>>>> = {
  xgboost: {
    'with rows and columns drawn': { subsample: 0.7, colsample_bynode: 0.5 },
    'with fewer rounds than epochs': { n_estimators: 3 },
  },
};

for (const entry of CATALOG) {
  learnerContract(entry, VARIANTS[entry.family]);
  exportedFilesContract(entry, VARIANTS[entry.family]);
}
