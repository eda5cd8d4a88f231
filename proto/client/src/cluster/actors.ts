import { randomBytes } from 'node:crypto';
import { TrainerError, type ActorId, type Clock, type DeathCause, type ActorSpec as ActorRow } from '@trainer/model';
import { newActorId } from '@trainer/runtime';
import { encodeValue } from '@trainer/wire';
import type { ActorSpec } from '../actor-spec.js';
import { ActorLink, type ActorLocation } from '../calls/actor-link.js';
import { ActorDiedError, PlacementTimeoutError, RemoteError } from '../errors.js';
import type { ActorListing } from '../head/head-door.js';
import type { ActorsRpc, FoundActor } from '../rpc/actors-rpc.js';
import type { Bundles } from '../rpc/bundles.js';
import { openGrpcCallStream } from '../rpc/grpc-call-stream.js';
import type { Session } from '../rpc/session.js';
import { makeHandle, type ActorHandle } from './handle.js';
import { checkCreateOptions, type CreateOptions } from './options.js';

/** How long a caller that looks for its actor waits for the head before it tries the last address again. */
const LOCATE_DEADLINE_MS = 2_000;

/** The actors of a cluster. */
export interface Actors {
  /**
   * Creates an actor in a process of its own; resolves when its constructor has run. It lives until it is killed, dies, or
   * this connection is closed.
   * @throws InvalidRequestError (an option), NotTransferableError (an argument), BundleError (the module), InfeasibleError (no node
   *   is large enough), RemoteError (the constructor threw), PlacementTimeoutError, ActorDiedError, ClusterUnavailableError
   */
  create<Instance extends object, Args extends readonly unknown[]>(
    spec: ActorSpec<Instance, Args>,
    ...options: [] extends Args ? [options?: CreateOptions<Args>] : [options: CreateOptions<Args> & { readonly args: Args }]
  ): Promise<ActorHandle<Instance>>;
  /** All actors of the cluster, those of others too; `withEnded`: also the dead ones that the head still knows. */
  list(options?: { readonly withEnded?: boolean; readonly limit?: number }): Promise<readonly ActorListing[]>;
}

/** What creating and calling actors needs. */
export interface ActorsParts {
  readonly rpc: ActorsRpc;
  readonly bundles: Bundles;
  readonly session: Session;
  readonly clock: Clock;
}

/** The actors that one client creates, and its links to them. */
export class ClientActors implements Actors {
  readonly #parts: ActorsParts;
  readonly #links = new Map<ActorId, ActorLink>();

  constructor(parts: ActorsParts) {
    this.#parts = parts;
  }

  async create<Instance extends object>(
    spec: ActorSpec<Instance, readonly unknown[]>,
    options: CreateOptions<readonly unknown[]> = {},
  ): Promise<ActorHandle<Instance>> {
    const { bundles, session } = this.#parts;
    const { timeoutMs, ...checked } = checkCreateOptions(options);
    const args = encodeValue(options.args ?? [], { at: 'args' });
    session.check();
    const hash = await bundles.ensure(spec);
    const row: ActorRow = {
      id: newActorId(randomBytes),
      session: session.id,
      classRef: { kind: 'bundle', hash, exportName: spec.className },
      className: spec.className,
      args,
      name: null,
      namespace: 'default',
      maxRestarts: 0,
      checkpointEvery: 1_000,
      maxCallRetries: 0,
      ...checked,
    };
    const found = await this.#createOrKill(row, timeoutMs).catch(async (error: unknown) => {
      if ((error as Partial<TrainerError>).code !== 'bundle.unknown') throw error;
      // The head was set up anew since the upload.
      bundles.forget(spec);
      await bundles.ensure(spec);
      return this.#createOrKill(row, timeoutMs);
    });
    return this.#handle<Instance>(row.id, found.target);
  }

  list(options: { readonly withEnded?: boolean; readonly limit?: number } = {}): Promise<readonly ActorListing[]> {
    return this.#parts.rpc.list(options);
  }

  /** Gives up all calls. */
  close(): void {
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  /** What is not known to run is killed: nobody would hold a handle to it. */
  async #createOrKill(row: ActorRow, timeoutMs: number): Promise<FoundActor> {
    const { rpc, session } = this.#parts;
    try {
      const found = await rpc.create(row, timeoutMs);
      const { state } = found.listing;
      if (state.at === 'dead' || state.at === 'stopping') throw startFailure(row.id, state.cause);
      return found;
    } catch (error) {
      if (!(error instanceof TrainerError)) throw error;
      const failure = error as TrainerError;
      if (failure.code === 'cluster.unavailable' || failure.code === 'placement.timeout') {
        // Not awaited: without a head it would only delay the news. The session's end would end the actor too.
        rpc.kill(row.id, `${session.id}, which gave up waiting for it`).catch(() => undefined);
      }
      throw refine(failure, row.id, timeoutMs);
    }
  }

  #handle<Instance extends object>(id: ActorId, target: FoundActor['target']): ActorHandle<Instance> {
    const { rpc, session, clock } = this.#parts;
    const caller = `caller-${randomBytes(8).toString('hex')}`;
    const link = new ActorLink(
      id,
      { clock, openStream: (to, events) => openGrpcCallStream(to, caller, events), locate: () => locate(rpc, id) },
      target,
    );
    this.#links.set(id, link);
    link.warm();
    const control = { kill: () => rpc.kill(id, session.id), get: async () => (await rpc.get(id)).listing };
    return makeHandle<Instance>({ id, link, control, clock });
  }
}

async function locate(rpc: ActorsRpc, id: ActorId): Promise<ActorLocation> {
  const { listing, target } = await rpc.get(id, { deadlineMs: LOCATE_DEADLINE_MS });
  // A stopping actor whose listener is gone answers nothing any more, and the cause of its end is known.
  if (listing.state.at === 'dead' || listing.state.at === 'stopping') return { at: 'dead', cause: listing.state.cause };
  return target === null ? { at: 'moving' } : { at: 'alive', ...target };
}

function startFailure(id: ActorId, cause: DeathCause): TrainerError {
  return cause.kind === 'constructor-threw' ? new RemoteError(cause.error) : new ActorDiedError(id, cause, 'unknown');
}

/** The head says that an actor did not start as plain data; here it gets what only the creator knows. */
function refine(failure: TrainerError, id: ActorId, timeoutMs: number): TrainerError {
  if (failure.code === 'placement.timeout') {
    const reason = failure.facts['reason'];
    return new PlacementTimeoutError(id, timeoutMs, typeof reason === 'string' ? reason : null);
  }
  if (failure instanceof ActorDiedError && failure.facts.cause?.kind === 'constructor-threw')
    return new RemoteError(failure.facts.cause.error);
  return failure;
}
