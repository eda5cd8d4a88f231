import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { faultNamed, ProvingGround } from '../harness/index.js';

/** Every patience of the cluster is a third: a test waits less, and no process that is only slow on a busy machine is accused. */
const TIME_SCALE = 0.33;
/** Longer than the head's patience with a silent agent, 3 s, is then. */
const OUTAGE_MS = 2_000;
const TREES = 240;
const START_MS = 120_000;
const FAULT_MS = 120_000;
const FINISH_MS = 240_000;

/** One cluster over which the named faults come, one after the other, while it works; at the end it must have kept every word. */
export function provedBy(names: readonly string[]): void {
  let ground: ProvingGround;

  beforeAll(async () => {
    ground = await ProvingGround.start({ timeScale: TIME_SCALE, outageMs: OUTAGE_MS, trees: TREES });
  }, START_MS);

  afterAll(() => ground?.[Symbol.asyncDispose](), START_MS);

  test.each(names)(
    'actors answer, REST accepts and the job goes on when %s',
    async (name) => {
      const recovery = await ground.strike(faultNamed(name));
      // What was never away has recovered after 0 ms; what does not recover in time rejects, and says what the cluster did.
      expect(Object.values(recovery).every((ms) => ms >= 0)).toBe(true);
    },
    FAULT_MS,
  );

  test(
    'after these, nothing acknowledged is lost, no call ran twice, and nothing is left running',
    async () => {
      expect(await ground.finish()).toEqual([]);
      expect(ground.calls.answered).toBeGreaterThan(0);
    },
    FINISH_MS,
  );
}
