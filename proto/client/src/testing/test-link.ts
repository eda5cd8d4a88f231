import type { Clock, DeathCause } from '@trainer/model';
import { systemClock } from '@trainer/runtime';
import { ActorLink } from '../calls/actor-link.js';
import type { ActorLocation } from '../calls/actor-search.js';
import { makeHandle, type ActorHandle } from '../cluster/handle.js';
import type { ActorListing } from '../head/head-door.js';
import { openGrpcCallStream } from '../rpc/grpc-call-stream.js';
import type { ActorListener } from './rpc/actor-listener.js';

const ID = 'actor-0123456789abcdef';

/** Each link is a caller of its own. */
let links = 0;

export interface TestLink<Instance extends object> {
  readonly handle: ActorHandle<Instance>;
  readonly link: ActorLink;
  /** What the head says from now on. */
  locate: () => Promise<ActorLocation>;
  /** How often the head was asked. */
  looks: number;
}

/** A handle on the actor of a listener, without a head: the test says where the actor is. */
export function linkTo<Instance extends object>(
  listener: ActorListener,
  clock: Clock = systemClock(),
  maxCallRetries = 0,
): TestLink<Instance> {
  const test = { looks: 0, locate: (): Promise<ActorLocation> => Promise.resolve(aliveAt(listener, { maxCallRetries })) };
  links += 1;
  const caller = `caller-${links}`;
  const link = new ActorLink(
    ID,
    {
      clock,
      openStream: (to, written, events) => openGrpcCallStream(to, { caller, written }, events),
      locate: () => {
        test.looks += 1;
        return test.locate();
      },
      onEnded: () => undefined,
    },
    aliveAt(listener, { maxCallRetries }),
  );
  const unasked = (): Promise<ActorListing> => Promise.reject(new Error('there is no head in this test'));
  const handle = makeHandle<Instance>({
    data: { id: ID, className: 'Subject', name: null },
    link,
    control: { kill: unasked, get: unasked },
    clock,
    handles: { toData: () => null, fromData: () => null },
    onMade: () => undefined,
  });
  return Object.assign(test, { handle, link });
}

/** What the head says of an actor that listens there. */
export function aliveAt(
  listener: ActorListener,
  more: { readonly maxCallRetries?: number; readonly lastDeath?: DeathCause } = {},
): ActorLocation {
  const target = { address: listener.address, token: listener.token };
  return { at: 'alive', target, lastDeath: more.lastDeath ?? null, maxCallRetries: more.maxCallRetries ?? 0 };
}
