import { expect, test } from '@jest/globals';
import { manualClock } from '@trainer/runtime/testing';
import { ActorSearch, type ActorLocation, type CallTarget } from './actor-search.js';
import type { CallStream, CallStreamEvents } from './call-stream.js';

const target = (token: string): CallTarget => ({ address: '127.0.0.1:7000', token });
const alive = (token: string): ActorLocation => ({ at: 'alive', target: target(token), lastDeath: null, maxCallRetries: 0 });

/** A search that begins at the target `first`; streams stay unwelcomed until the test welcomes them. */
function searching(locate: () => Promise<ActorLocation>): {
  readonly knocks: { readonly to: CallTarget; readonly events: CallStreamEvents }[];
  readonly found: CallTarget[];
  readonly clock: ReturnType<typeof manualClock>;
} {
  const clock = manualClock();
  const knocks: { to: CallTarget; events: CallStreamEvents }[] = [];
  const found: CallTarget[] = [];
  const search = new ActorSearch(
    {
      clock,
      openStream: (to, _written, events): CallStream => {
        knocks.push({ to, events });
        return { write: () => true, close: () => events.onEnd({ why: 'broken' }) };
      },
      locate,
      onEnded: () => undefined,
    },
    target('first'),
    {
      onLocated: () => undefined,
      onFound: (_stream, at) => found.push(at),
      onRefused: () => undefined,
      onNoHead: () => undefined,
      onAnswers: () => undefined,
      onDrain: () => undefined,
      onBroken: () => undefined,
      writtenTo: () => 0,
    },
  );
  search.start();
  return { knocks, found, clock };
}

test('a listener that welcomes late is not knocked at again while the head says that the actor is there', async () => {
  let looks = 0;
  const { knocks, found, clock } = searching(() => {
    looks += 1;
    return Promise.resolve(alive('first'));
  });
  while (looks < 3) {
    clock.advance(50);
    await new Promise(setImmediate);
  }
  knocks[0]?.events.onWelcome();
  expect({ knocks: knocks.length, found }).toEqual({ knocks: 1, found: [target('first')] });
});

test('the head says that the actor is elsewhere: the knock there is given up, and who is welcomed is the next incarnation', async () => {
  const { knocks, found, clock } = searching(() => Promise.resolve(alive('second')));
  while (knocks.length < 2) {
    clock.advance(50);
    await new Promise(setImmediate);
  }
  knocks[1]?.events.onWelcome();
  expect({ knockedAt: knocks.map(({ to }) => to.token), found }).toEqual({ knockedAt: ['first', 'second'], found: [target('second')] });
});
