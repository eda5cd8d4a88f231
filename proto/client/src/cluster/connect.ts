import { randomBytes } from 'node:crypto';
import { newSessionId, systemClock } from '@trainer/runtime';
import type { ClusterStatus, HeadAddress, Jobs, Nodes } from '../head/head-door.js';
import { ActorsRpc } from '../rpc/actors-rpc.js';
import { Bundles } from '../rpc/bundles.js';
import { readStatus } from '../rpc/connect-head.js';
import { HeadRpc } from '../rpc/head-rpc.js';
import { jobsOver } from '../rpc/jobs-rpc.js';
import { prepareArgs } from '../rpc/uploads.js';
import { Session } from '../rpc/session.js';
import { ClientActors, type Actors } from './actors.js';
import { findCluster, type ClusterHints } from './find-cluster.js';

/** A cluster, as a program uses it. The actors that it creates end when it is closed. */
export interface Cluster extends AsyncDisposable {
  readonly actors: Actors;
  readonly nodes: Nodes;
  readonly jobs: Jobs;
  /** @throws ClusterUnavailableError when no head answers within `deadlineMs`, default 10 s. */
  status(options?: { readonly deadlineMs?: number }): Promise<ClusterStatus>;
  /** Cancels pending calls, ends the session and with it the actors it created. Idempotent. */
  close(): Promise<void>;
}

/**
 * Connects to a cluster: the one at `address` with `token`, or that of the folder `home`; without either the one that
 * TRAINER_ADDRESS and TRAINER_TOKEN name, else the embedded one of TRAINER_HOME, else of the nearest folder `.trainer`.
 * @throws ClusterUnavailableError, UnauthenticatedError, VersionError
 */
export async function connect(options: ClusterHints = {}): Promise<Cluster> {
  // The one place outside the command line where the environment is read: a user's program calls this (design.md section 2).
  const surroundings = { environment: process.env, folder: process.cwd(), now: systemClock().wallMs() };
  return connectTo(await findCluster(options, surroundings));
}

/** Connects to a head that is known. */
export async function connectTo(head: HeadAddress): Promise<Cluster> {
  const clock = systemClock();
  const rpc = new HeadRpc(head, clock);
  const session = new Session(newSessionId(randomBytes), rpc);
  try {
    await session.open();
  } catch (error) {
    rpc.close();
    throw error;
  }
  const actors = new ClientActors({
    rpc: new ActorsRpc(rpc),
    bundles: new Bundles(rpc),
    prepareArgs: (id, bytes) => prepareArgs(rpc, id, bytes),
    session,
    clock,
  });
  const close = async (): Promise<void> => {
    actors.close();
    await session.close();
    rpc.close();
  };
  return {
    actors,
    nodes: { list: async () => (await readStatus(rpc)).nodes },
    jobs: jobsOver(rpc),
    status: (given) => readStatus(rpc, given),
    close,
    [Symbol.asyncDispose]: close,
  };
}
