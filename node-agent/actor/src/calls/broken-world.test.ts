import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BrokenWorld } from '../testing/broken-world.js';

/** What may happen, as often as it is named: without calls and deliveries nothing would come to break. */
const STEPS: readonly [weight: number, name: string, step: (world: BrokenWorld, n: number) => void | Promise<void>][] = [
  [6, 'call', (world) => world.call()],
  [6, 'deliver up', (world) => world.deliverUp()],
  [6, 'deliver down', (world) => world.deliverDown()],
  [6, 'turn', (world) => world.turn()],
  [2, 'deliver up twice', (world) => world.deliverUp(true)],
  [2, 'release', (world) => world.release()],
  [2, 'abandon', (world, n) => world.abandon(n)],
  [2, 'the actor loses the link', (world) => world.breakActorEnd()],
  [2, 'the caller loses the link', (world) => world.breakCallerEnd()],
  [1, 'die', (world) => world.die()],
  [2, 'start', (world) => world.start()],
  [3, 'the head hears', (world) => world.tellHead()],
  [1, 'the head is silent', (world) => void (world.isHeadSilent = true)],
  [2, 'the head speaks', (world) => void (world.isHeadSilent = false)],
  [1, 'another caller', (world) => world.admitAnother()],
  [4, 'a moment', (world) => world.clock.advanceAsync(20)],
  [1, 'a second', (world) => world.clock.advanceAsync(1_000)],
  [1, 'a minute', (world) => world.clock.advanceAsync(61_000)],
  [2, 'a link that is half open until answers and callers are forgotten', halfOpenForLong],
  [2, 'a restart within which a call is given up', giveUpInRestart],
];

async function halfOpenForLong(world: BrokenWorld): Promise<void> {
  world.breakActorEnd();
  await world.clock.advanceAsync(61_000);
  world.admitAnother();
  world.breakCallerEnd();
}

async function giveUpInRestart(world: BrokenWorld, n: number): Promise<void> {
  world.die();
  world.tellHead();
  world.breakCallerEnd();
  await world.clock.advanceAsync(20);
  world.abandon(n);
}

const anyStep = fc.record({
  kind: fc.oneof(...STEPS.map(([weight], index) => ({ weight, arbitrary: fc.constant(index) }))),
  n: fc.nat(3),
});

/** Invariant 10: at most once; answered means once; not-run means never; the order of the calls is kept. */
function violations(world: BrokenWorld, maxCallRetries: number): string[] {
  const wrong: string[] = [];
  for (const { id, told, value, error } of world.calls) {
    const times = world.ran.filter((ran) => ran.id === id).length;
    if (told === 'waits') wrong.push(`call ${id} never settled`);
    if (told === 'nothing') wrong.push(`call ${id} was told no outcome: ${String(error)}`);
    if (told === 'answered' && (times < 1 || value !== id)) wrong.push(`call ${id} was answered ${String(value)} and ran ${times} times`);
    if (told === 'not-run' && times > 0) wrong.push(`call ${id} was said not to have run and ran ${times} times`);
    if (times > 1 + maxCallRetries) wrong.push(`call ${id} ran ${times} times`);
  }
  world.ran.forEach((ran, at) => {
    const earlier = world.ran[at - 1];
    const isSameRow = earlier !== undefined && (maxCallRetries === 0 || earlier.incarnation === ran.incarnation);
    if (isSameRow && earlier.id >= ran.id) wrong.push(`call ${ran.id} ran after call ${earlier.id}, in incarnation ${ran.incarnation}`);
  });
  return wrong;
}

test.each([0, 2])(
  'over breaks, deaths, lost and doubled messages a call runs at most once more than %i times, and is told the truth',
  async (maxCallRetries) => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 20, maxLength: 120 }), async (steps) => {
        const world = new BrokenWorld(maxCallRetries);
        try {
          for (const { kind, n } of steps) await STEPS[kind]?.[2](world, n);
          await world.settle(600);
          expect(violations(world, maxCallRetries)).toEqual([]);
        } finally {
          world.close();
        }
      }),
      { numRuns: 500 },
    );
  },
  120_000,
);
