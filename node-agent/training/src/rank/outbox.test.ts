import { expect, test } from '@jest/globals';
import { loneGang } from '@trainer/actor';
import { countingLearner } from '../loop/counting-learner.fixture.js';
import { train } from '../loop/train.js';
import { classification } from '../tasks/classification.js';
import { Outbox } from './outbox.js';
import type { FromWorker } from './rank-messages.js';
import { noRows } from '../tasks/no-rows.fixture.js';

const EPOCHS = 400;
const TWO_CLASSES = { kind: 'classes', name: 'y', type: 'string', classes: ['a', 'b'] } as const;

/** A training in memory that waits for nothing but its outbox, so after a turn of the loop it is over or waits for an answer. */
class Training {
  readonly sent = { report: [] as number[], checkpoint: [] as number[] };
  isOver = false;
  readonly #outbox = new Outbox((message) => this.#post(message));

  constructor(
    private readonly answered: { readonly report: boolean; readonly checkpoint: boolean },
    checkpointBytes: number,
  ) {
    const target = Float64Array.from([0]);
    const scores = classification.scores(TWO_CLASSES, target, target, noRows);
    const learner = { ...countingLearner([0.5], { epochs: EPOCHS }), snapshot: async () => new Uint8Array(checkpointBytes) };
    const plan = {
      scores,
      scoredEachEpoch: true,
      trainRows: 'shard' as const,
      epochsAsked: EPOCHS,
      earlyStopping: null,
      checkpointIntervalEpochs: 1,
      learningRate: null,
    };
    void train(
      learner,
      { ...plan, trainTarget: target, validationTarget: target, resumeFrom: null },
      {
        epoch: (metrics, done) => this.#outbox.report({ kind: 'epoch', metrics, done }),
        checkpoint: ({ epoch, learner: bytes }) => this.#outbox.checkpoint({ epoch, bytes, metrics: {} }),
        warning: (message) => this.#outbox.report({ kind: 'warning', message }),
        isCancelled: () => false,
        working: () => undefined,
        tick: () => undefined,
      },
      loneGang(),
    ).then(() => (this.isOver = true));
  }

  /** Until it is over or waits. */
  async turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  stored(kind: 'report' | 'checkpoint'): void {
    const number = this.sent[kind].shift();
    if (number !== undefined) this.#outbox.stored(number);
  }

  #post(message: FromWorker): void {
    if (message.kind !== 'report' && message.kind !== 'checkpoint') return;
    this.sent[message.kind].push(message.number);
    if (this.answered[message.kind]) queueMicrotask(() => this.stored(message.kind));
  }
}

test('a head that answers no report lets a training go on for 256 of them, and each answer for one more', async () => {
  const training = new Training({ report: false, checkpoint: true }, 1);
  for (let answers = 0; answers < 100; answers += 1) {
    await training.turn();
    expect([training.sent.report.length, training.isOver]).toEqual([256, false]);
    training.stored('report');
  }
  while (!training.isOver) {
    training.stored('report');
    await training.turn();
    expect(training.sent.report.length).toBeLessThanOrEqual(256);
  }
});

test.each([
  [8, 1],
  [2, 33 << 20],
])('a store that takes no checkpoint lets it go on for %i of %i bytes', async (most, bytes) => {
  const training = new Training({ report: true, checkpoint: false }, bytes);
  await training.turn();
  expect([training.sent.checkpoint.length, training.isOver]).toEqual([most, false]);
  training.stored('checkpoint');
  await training.turn();
  expect([training.sent.checkpoint.length, training.isOver]).toEqual([most, false]);
});

test('a head and a store that answer let it go on to its end', async () => {
  const training = new Training({ report: true, checkpoint: true }, 1);
  await training.turn();
  expect(training.isOver).toBe(true);
});

test('a warning that quotes a long name is cut to what a job keeps', () => {
  const sent: FromWorker[] = [];
  void new Outbox((message) => sent.push(message)).report({ kind: 'warning', message: 'x'.repeat(200_000) });
  expect(sent).toEqual([expect.objectContaining({ report: { kind: 'warning', message: `${'x'.repeat(999)}…` } })]);
});
