import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { openXgboost, type XgboostLibrary } from '../engines/xgboost-library.js';
import type { LearnerInit } from '../learning/learner.js';
import { madeUpInit, madeUpRows, XGBOOST_FOLDER } from '../learning/rows.fixture.js';
import { createXgboostLearner } from './xgboost.js';

/*
 * The bytes of models as they were recorded: a change of ours that changes any tree fails here. They hold for one version of the library and
 * one kind of machine: another compiler, and the C library of another system (exp, log), round otherwise, and a split may then fall elsewhere.
 * After an upgrade of the library they are recorded anew, and CHANGELOG.md says so.
 */
const LIBRARY = '3.2.0';
const isRecordedFor = process.platform === 'linux' && process.arch === 'x64';

const large = (classes: number): Partial<LearnerInit> => ({
  train: madeUpRows(5_000, classes, 0.05, 7),
  validation: madeUpRows(500, classes, 0.05, 8),
});

const CASES: readonly (readonly [string, LearnerInit, string])[] = [
  ['two classes', madeUpInit(2), '4dbe0d57f99f44bc0b81173f0385f39b'],
  ['three classes with gaps', madeUpInit(3, {}, 0.1), '72f14ee5a26aff3b73e01a625527e9e4'],
  ['two classes by softmax', madeUpInit(2, { hyperparameters: { objective: 'multi:softprob' } }), '78d888971b8044a8327679a844bda227'],
  [
    'weighted classes',
    madeUpInit(2, { hyperparameters: { scale_pos_weight: 3, min_child_weight: 2 } }),
    'd932fcf4a8b1aae054d5996b42623062',
  ],
  ['a number', madeUpInit(0, {}, 0.1), '355976fe164806ff6e7e8b93a650b220'],
  ['a number of many rows', madeUpInit(0, large(0)), '6228317f25bc1907e8c2b70de3e9c507'],
  ['many rows of three classes', madeUpInit(3, { ...large(3), hyperparameters: { n_estimators: 20 } }), '9c8083945372ccee28c0297a915dcf1e'],
  [
    'drawn rows and columns',
    madeUpInit(3, { ...large(3), hyperparameters: { n_estimators: 20, subsample: 0.7, colsample_bynode: 0.5 } }),
    '2dde103cb91a450f0818055835930b40',
  ],
  [
    'few leaves and bins',
    madeUpInit(0, { ...large(0), hyperparameters: { max_depth: 0, max_leaves: 20, max_bin: 16, gamma: 0.5 } }),
    'da4c9d9ae091e14e01360f8202c4415e',
  ],
];

let library: XgboostLibrary;
beforeAll(async () => {
  library = await openXgboost(XGBOOST_FOLDER);
});

(isRecordedFor ? describe : describe.skip)('the model', () => {
  test.each(CASES)('of %s has the bytes that were recorded', async (_, init, recorded) => {
    expect(library.version).toBe(LIBRARY);
    const learner = createXgboostLearner(library, init);
    try {
      for (let epoch = 1; epoch <= learner.epochs; epoch += 1) await learner.step(epoch, { tick: () => undefined });
      const { bytes } = (await learner.model()).native;
      expect(createHash('sha256').update(bytes).digest('hex').slice(0, 32)).toBe(recorded);
    } finally {
      learner.close();
    }
  });
});
