import type { Clock } from '@trainer/model';
import { systemClock } from '@trainer/runtime';
import { ActorLink, type ActorLocation } from '../calls/actor-link.js';
import { makeHandle, type ActorHandle } from '../cluster/handle.js';
import type { ActorListing } from '../head/head-door.js';
import { openGrpcCallStream } from '../rpc/grpc-call-stream.js';
import type { ActorListener } from './rpc/actor-listener.js';

export interface TestLink<Instance extends object> {
  readonly handle: ActorHandle<Instance>;
  readonly link: ActorLink;
  /** What the head says from now on. */
  locate: () => Promise<ActorLocation>;
}

/** A handle on the actor of a listener, without a head: the test says where the actor is. */
export function linkTo<Instance extends object>(listener: ActorListener, clock: Clock = systemClock()): TestLink<Instance> {
  const target = { address: listener.address, token: listener.token };
  const test = { locate: (): Promise<ActorLocation> => Promise.resolve({ at: 'alive', ...target }) };
  const link = new ActorLink(
    'actor-0123456789abcdef',
    { clock, openStream: (to, events) => openGrpcCallStream(to, 'caller-1', events), locate: () => test.locate() },
    target,
  );
  const unasked = (): Promise<ActorListing> => Promise.reject(new Error('there is no head in this test'));
  const handle = makeHandle<Instance>({ id: 'actor-0123456789abcdef', link, control: { kill: unasked, get: unasked }, clock });
  return Object.assign(test, { handle, link });
}
