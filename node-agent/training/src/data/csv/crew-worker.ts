import { parentPort, workerData } from 'node:worker_threads';
import { doJob, type CrewJob } from './crew-jobs.js';
import { FileWindow } from './file-window.js';

/** What a thread is started with. */
export interface CrewStart {
  readonly path: string;
  readonly thread: number;
}
export type ToCrew = CrewJob | { readonly kind: 'close' };

/* The entry of a reading thread: it does one job at a time, and ends when it is told to. An error ends it, and its crew hears of that. */

const port = parentPort;
if (!port) throw new Error('This module is the entry of a worker thread.');
const { path, thread } = workerData as CrewStart;
const file = new FileWindow(path);

port.on('message', (message: ToCrew) => {
  if (message.kind !== 'close') {
    port.postMessage(doJob(file, message, thread));
    return;
  }
  file.close();
  port.close();
});
