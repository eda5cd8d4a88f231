import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { loneGang, threadCollective } from '@trainer/actor';
import { fromErrorData } from '@trainer/model';
import { deferred } from '@trainer/runtime';
import { failureOf } from './failure.js';
import { Outbox } from './outbox.js';
import type { DatasetFile, FromWorker, Staged, ToWorker, WorkerOutcome, WorkerStart } from './rank-messages.js';
import { SharedWork } from './shared-work.js';
import { TrainingSession } from './training-session.js';

/*
 * The entry of the rank's worker thread. All synchronous native work of an attempt is done here, so that the process's main loop
 * stays free for heartbeats and cancellation.
 */

const start = workerData as WorkerStart;
const port = parentPort;
if (!port) throw new Error('This module is the entry of a worker thread.');
const post = (message: FromWorker): void => port.postMessage(message);
const work = new SharedWork(start.work);
const outbox = new Outbox(post);
/** The answer to the last `fetch`. */
let fetched = deferred<DatasetFile | null>();
const session = attempt(
  () =>
    new TrainingSession(start, {
      report: (report) => outbox.report(report),
      checkpoint: (checkpoint) => outbox.checkpoint(checkpoint),
      isCancelled: () => work.isCancelled,
      tick: (done) => work.tick(done),
      working: (isWorking) => post({ kind: 'working', isWorking }),
      fetch: (what) => {
        fetched = deferred();
        post({ kind: 'fetch', what });
        return fetched.promise;
      },
      log: (line) => post({ kind: 'log', line }),
    }),
);
const begun = deferred<MessagePort>();

port.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'load':
      void run(message.staged);
      return;
    case 'fetched':
      fetched.resolve(message.file);
      return;
    case 'not-fetched':
      fetched.reject(fromErrorData(message.error));
      return;
    case 'train':
      begun.resolve(message.team);
      return;
    case 'stored':
      outbox.stored(message.number);
      return;
    case 'close':
      port.close();
      void begun.promise.then((team) => team.close());
  }
});

async function run(staged: Staged): Promise<void> {
  if (!session) return;
  try {
    await session.load(staged);
    const team = await begun.promise;
    const { rank, worldSize } = start.assignment;
    // Alone there is nobody to ask the main thread for.
    end(await session.run(worldSize === 1 ? loneGang() : threadCollective(team, { rank, worldSize })));
  } catch (error) {
    // What a cancel breaks off is no failure.
    end(work.isCancelled ? { kind: 'cancelled' } : { kind: 'failed', error: failureOf(error) });
  }
}

function end(outcome: WorkerOutcome): void {
  post({ kind: 'ended', outcome });
}

function attempt(make: () => TrainingSession): TrainingSession | null {
  try {
    return make();
  } catch (error) {
    end({ kind: 'failed', error: failureOf(error) });
    return null;
  }
}
