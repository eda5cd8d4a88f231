import { GANG_SETTINGS, PeerListener, type Gang, type ThreadCollective } from '@trainer/actor';
import { systemClock } from '@trainer/runtime';

/** The ranks of one process, joined over loopback; whoever asks for them leaves them. */
export async function ring(worldSize: number): Promise<readonly Gang[]> {
  const options = { clock: systemClock(), host: '127.0.0.1', ports: { from: 0, to: 0 }, settings: GANG_SETTINGS };
  const listeners = await Promise.all(Array.from({ length: worldSize }, () => PeerListener.open(options)));
  const peers = listeners.map(({ port }) => `127.0.0.1:${port}`);
  return Promise.all(listeners.map((listener, rank) => listener.join({ rank, worldSize, peers, secret: 'x' })));
}

/** For an engine that never blocks: a gang whose connections are on this thread can't be waited for by standing still. */
export function withoutBlocking(gang: Gang): ThreadCollective {
  const refuse = (): never => {
    throw new RangeError('The connections are on this thread.');
  };
  return Object.assign(gang, { blocking: { allReduce: refuse, allGather: refuse } });
}
