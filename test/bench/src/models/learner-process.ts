import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import { GANG_SETTINGS, PeerListener, serveCollective } from '@trainer/actor';
import { systemClock } from '@trainer/runtime';
import type { Taken, Training } from './messages.js';

/* A process of the bench `models`: connections on this thread, the learner on another, as in a training. Says its port, hears what to train, says what it took. */

const HOST = '127.0.0.1';
// The bench has died.
process.once('disconnect', () => process.exit(1));
const listener = await PeerListener.open({ clock: systemClock(), host: HOST, ports: { from: 0, to: 0 }, settings: GANG_SETTINGS });
process.send?.(listener.port);
const [training] = (await once(process, 'message')) as [Training];
const { rank, worldSize, ports } = training;
const peers = ports.map((port) => `${HOST}:${port}`);
const gang = worldSize === 1 ? null : await listener.join({ rank, worldSize, peers, secret: 'of the bench' });
const { port1, port2 } = new MessageChannel();
if (gang) serveCollective(port1, gang);
const worker = new Worker(new URL('./train-once.js', import.meta.url), { workerData: { training, port: port2 }, transferList: [port2] });
const [taken] = (await once(worker, 'message')) as [Taken];
process.send?.(taken);
await once(worker, 'exit');
port1.close();
await gang?.leave();
// Alone it has joined nobody, and the listener would keep the process.
process.exit();
