import { GANG_SETTINGS, PeerListener, type Gang } from '@trainer/actor';
import { systemClock } from '@trainer/runtime';

/** The ranks of one process, joined over loopback; whoever asks for them leaves them. */
export async function ring(worldSize: number): Promise<readonly Gang[]> {
  const options = { clock: systemClock(), host: '127.0.0.1', ports: { from: 0, to: 0 }, settings: GANG_SETTINGS };
  const listeners = await Promise.all(Array.from({ length: worldSize }, () => PeerListener.open(options)));
  const peers = listeners.map(({ port }) => `127.0.0.1:${port}`);
  return Promise.all(listeners.map((listener, rank) => listener.join({ rank, worldSize, peers, secret: 'x' })));
}
