import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { InterruptedTraining, WAYS, type Interrupted, type Interruption, type Way } from '../harness/index.js';

/** Past the first checkpoint of both ways: without sampling every fifth epoch has one, with sampling every fifth part of them. */
const PAST_CHECKPOINT = 14;
const JOB_MS = 120_000;

let training: InterruptedTraining;
const undisturbed = new Map<Way, Interrupted>();

beforeAll(async () => {
  training = await InterruptedTraining.start();
  for (const way of WAYS) undisturbed.set(way, await training.undisturbed(way));
}, 180_000);

afterAll(() => training?.[Symbol.asyncDispose]());

/** The job completes, each epoch is shown once, and the model is the undisturbed one to the byte. */
async function isTheSame(interruption: Interruption): Promise<Interrupted> {
  const found = await training.interrupt(interruption);
  const { files, metrics } = undisturbed.get(interruption.way) ?? {};
  expect(found).toMatchObject({ status: 'completed', error: null, metrics });
  expect(found.epochs).toEqual(Array.from({ length: training.epochs }, (_, at) => at + 1));
  expect(found.files).toEqual(files);
  return found;
}

describe.each(WAYS)('a model trained %s is the same to the byte when it was interrupted', (way) => {
  test.each(['rank', 'agent', 'head', 'everything'] as const)(
    'in training past a checkpoint by SIGKILL of %s',
    async (victim) => {
      const { attempts } = await isTheSame({ way, victim, phase: 'training', pastEpoch: PAST_CHECKPOINT });
      // No rank notices that the head is away.
      if (victim === 'head') expect(attempts).toBe(1);
      else expect(attempts).toBeGreaterThan(1);
    },
    JOB_MS,
  );

  test(
    'before its first checkpoint by SIGKILL of its rank',
    async () => {
      await isTheSame({ way, victim: 'rank', phase: 'training', pastEpoch: 2 });
    },
    JOB_MS,
  );
});

/** All phases, with each victim: `npm run bench -- resume`. */
describe('a job completes with the same model when in another phase', () => {
  test.each(['loading', 'exporting'])(
    'its rank is killed: %s',
    async (phase) => {
      await isTheSame({ way: 'without sampling', victim: 'rank', phase });
    },
    JOB_MS,
  );

  test.each(['reserving', 'exporting', 'promoting'])(
    'the head is killed: %s',
    async (phase) => {
      await isTheSame({ way: 'without sampling', victim: 'head', phase });
    },
    JOB_MS,
  );
});
