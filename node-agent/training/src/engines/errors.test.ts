import { expect, test } from '@jest/globals';
import { EngineError } from './errors.js';

test("what the library's float32 can't hold is never tried again", () => {
  const reason = "Out of range value for learning_rate, value='1e-300'";
  expect(new EngineError('XGBoost', 'XGBoosterUpdateOneIter', reason).retry).toBe('never');
});

test.each([
  ['[12:00:01] /workspace/src/x.cc:83: Check failed: no label\nStack trace:\n  [bt] (0) lib.so', 'Check failed: no label'],
  [
    '[12:00:01] /workspace/src/collective/result.cc:83: [comm.cc:220|12:00:01]:\n\n- [comm.cc:220|12:00:01]: Failed to bootstrap.\n- [socket.h:79|12:00:01]: Connection refused\nStack trace:\n  [bt] (0) lib.so',
    'Failed to bootstrap. Connection refused',
  ],
  ['', 'no reason given'],
])("the library's text %j is told as a sentence", (reason, sentence) => {
  expect(new EngineError('XGBoost', 'XGCall', reason).message).toBe(`XGBoost failed in XGCall: ${sentence}`);
});
