import { describe, expect, test } from '@jest/globals';
import { InvalidRequestError } from '@trainer/model';
import { ModelTooLargeError, VerificationError } from '../artifacts/errors.js';
import { EmptyDatasetError } from '../data/errors.js';
import { EngineError, EngineUnavailableError, ModelFormatError } from '../engines/errors.js';
import { TrainingStateError } from '../learning/errors.js';
import { ModelsDifferError } from '../loop/same-bytes.js';
import { failureOf } from './failure.js';

const WRONG = new VerificationError({ output: 'y', row: 0, expected: '1', found: '2', failedRows: 1, rows: 1 });

describe('what a rank tells of a failure', () => {
  test.each<[string, unknown]>([
    ['a dataset that is wrong', new EmptyDatasetError()],
    ['a request that is wrong', new InvalidRequestError([{ path: ['epochs'], message: 'm', type: 'range' }])],
    [
      'a parameter that the engine refuses',
      new EngineError('XGBoost', 'XGBoosterUpdateOneIter', 'value -1 for Parameter max_depth should be greater equal to 0'),
    ],
    ['an exported model that predicts otherwise', WRONG],
    ['a model that is too large', new ModelTooLargeError(2, 1)],
    ['a model file that cannot be read', new ModelFormatError('XGBoost', 'x')],
    ['the training state of another job', new TrainingStateError({ epoch: 1, due: 1, held: 2 })],
  ])('fails the job at once: %s', (_, thrown) => expect(failureOf(thrown).retry).toBe('never'));

  test.each<[string, unknown]>([
    ['a call of the engine that failed', new EngineError('XGBoost', 'XGBoosterUpdateOneIter', 'std::bad_alloc')],
    ['an engine that this node lacks', new EngineUnavailableError('XGBoost', '/x', 'no such file')],
    ['a disk that is full', Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })],
    ['ranks whose models differ', new ModelsDifferError('the model', [1])],
    ['what nobody foresaw', new RangeError('Array buffer allocation failed')],
    ['what is no error at all', 'text'],
  ])('leaves room for another attempt: %s', (_, thrown) => expect(failureOf(thrown).retry).not.toBe('never'));
});

test('a disk that is full is named as such, and not as a fault of the program', () => {
  const { code, message } = failureOf(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }));
  expect([code, message]).toEqual(['node.disk-full', expect.stringContaining("no space left on the node's disk")]);
});
