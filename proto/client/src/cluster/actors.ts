import { randomBytes } from 'node:crypto';
import {
  InvalidRequestError,
  MAX_ARGS_BYTES,
  TrainerError,
  type ActorId,
  type Clock,
  type DeathCause,
  type ActorSpec as ActorRow,
} from '@trainer/model';
import { deferred, newActorId } from '@trainer/runtime';
import { encodeValue } from '@trainer/wire';
import type { ActorSpec } from '../actor-spec.js';
import { whenAborted } from '../calls/shared-signal.js';
import { ActorDiedError, ActorNotFoundError, CallCancelledError, PlacementTimeoutError, RemoteError } from '../errors.js';
import type { ActorListing } from '../head/head-door.js';
import { locationOf, type ActorsRpc, type FoundActor } from '../rpc/actors-rpc.js';
import type { Bundles } from '../rpc/bundles.js';
import { openGrpcCallStream } from '../rpc/grpc-call-stream.js';
import type { PreparedArgs } from '../rpc/uploads.js';
import type { Session } from '../rpc/session.js';
import type { ActorHandle } from './handle.js';
import { Handles } from './handles.js';
import { checkCreateOptions, checkGet, type CreateOptions, type GetOptions } from './options.js';

/** The actors of a cluster. */
export interface Actors {
  /**
   * Creates an actor in a process of its own; resolves when its constructor has run. It lives until it is killed, dies with no
   * restart left, or (unless `detached`) this connection is closed.
   * @throws InvalidRequestError (an option), NotTransferableError (an argument), BundleError (the module), InfeasibleError (no node
   *   is large enough), NameTakenError, RemoteError (the constructor threw), PlacementTimeoutError, CallCancelledError, ActorDiedError,
   *   ClusterUnavailableError
   */
  create<Instance extends object, Args extends readonly unknown[]>(
    spec: ActorSpec<Instance, Args>,
    ...options: [] extends Args ? [options?: CreateOptions<Args>] : [options: CreateOptions<Args> & { readonly args: Args }]
  ): Promise<ActorHandle<Instance>>;
  /**
   * The actor of that name that has not ended, whoever created it. The handle is bound to its id: a later actor of the name is another.
   * @throws ActorNotFoundError, InvalidRequestError (it is of another class), ClusterUnavailableError
   */
  get<Instance extends object, Args extends readonly unknown[]>(
    spec: ActorSpec<Instance, Args>,
    name: string,
    options?: GetOptions,
  ): Promise<ActorHandle<Instance>>;
  /** All actors of the cluster, those of others too; `withEnded`: also the dead ones that the head still knows. */
  list(options?: { readonly withEnded?: boolean; readonly limit?: number }): Promise<readonly ActorListing[]>;
}

/** What creating and calling actors needs. */
export interface ActorsParts {
  readonly rpc: ActorsRpc;
  readonly bundles: Bundles;
  readonly prepareArgs: (actor: ActorId, bytes: Buffer) => PreparedArgs;
  readonly session: Session;
  readonly clock: Clock;
}

/** The actors that one client creates, and its links to them. */
export class ClientActors implements Actors {
  readonly #parts: ActorsParts;
  readonly #handles: Handles;

  constructor(parts: ActorsParts) {
    this.#parts = parts;
    const { rpc, session, clock } = parts;
    this.#handles = new Handles({
      clock,
      openStream: () => {
        const caller = `caller-${randomBytes(8).toString('hex')}`;
        return (target, written, events) => openGrpcCallStream(target, { caller, written }, events);
      },
      locate: (id, look) => rpc.locate(id, look),
      control: { kill: (id) => rpc.kill(id, session.id), get: async (id) => (await rpc.get(id)).listing },
    });
  }

  async create<Instance extends object>(
    spec: ActorSpec<Instance, readonly unknown[]>,
    options: CreateOptions<readonly unknown[]> = {},
  ): Promise<ActorHandle<Instance>> {
    const { bundles, session } = this.#parts;
    // First: nothing else may read what the program gives.
    const bytes = encodeValue(options.args ?? [], { at: 'args', handles: this.#handles, limitBytes: MAX_ARGS_BYTES });
    const { timeoutMs, getIfExists, detached, ...checked } = checkCreateOptions(options);
    session.check();
    const { signal = null } = options;
    if (signal?.aborted === true) throw new CallCancelledError('create', 'its signal had fired before', 'not-run');
    const classRef = await bundles.ensure(spec);
    const id = newActorId(randomBytes);
    const prepared = this.#parts.prepareArgs(id, bytes);
    const row: ActorRow = {
      id,
      session: detached ? null : session.id,
      classRef,
      className: spec.className,
      args: prepared.args,
      ...checked,
    };
    const create = async (): Promise<FoundActor> => {
      await prepared.send();
      return this.#createOrKill(row, { timeoutMs, getIfExists });
    };
    const found = create().catch(async (error: unknown) => {
      const { code } = error as Partial<TrainerError>;
      if (code !== 'bundle.unknown' && code !== 'args.unknown') throw error;
      // The head was set up anew since the upload, or followed by another one.
      bundles.forget(spec);
      await bundles.ensure(spec);
      return create();
    });
    return this.#handle<Instance>(await (signal === null ? found : this.#unlessAborted(signal, id, found)));
  }

  async get<Instance extends object>(
    spec: ActorSpec<Instance, readonly unknown[]>,
    name: string,
    options: GetOptions = {},
  ): Promise<ActorHandle<Instance>> {
    const namespace = checkGet(name, options);
    this.#parts.session.check();
    const found = await this.#parts.rpc.find({ namespace, name }).catch((error: unknown) => {
      throw (error as Partial<TrainerError>).code === 'actor.not-found' ? new ActorNotFoundError(name, namespace) : error;
    });
    const { className } = found.listing;
    if (className !== spec.className) {
      const message = `'${name}' is an actor of class ${className}, not of ${spec.className}`;
      throw new InvalidRequestError([{ path: ['spec'], message, type: 'conflict' }]);
    }
    return this.#handle<Instance>(found);
  }

  list(options: { readonly withEnded?: boolean; readonly limit?: number } = {}): Promise<readonly ActorListing[]> {
    return this.#parts.rpc.list(options);
  }

  /** Gives up all calls. */
  close(): void {
    this.#handles.close();
  }

  /** What is not known to run is killed: nobody would hold a handle to it. */
  async #createOrKill(row: ActorRow, rules: { readonly timeoutMs: number; readonly getIfExists: boolean }): Promise<FoundActor> {
    try {
      const found = await this.#parts.rpc.create(row, rules);
      const { state } = found.listing;
      if (state.at === 'dead' || state.at === 'stopping') throw startFailure(row.id, state.cause);
      return found;
    } catch (error) {
      if (!(error instanceof TrainerError)) throw error;
      const failure = error as TrainerError;
      if (failure.code === 'cluster.unavailable' || failure.code === 'placement.timeout') this.#abandon(row.id);
      throw refine(failure, row.id, rules.timeoutMs);
    }
  }

  /** @throws CallCancelledError when the signal fires first */
  async #unlessAborted(signal: AbortSignal, id: ActorId, found: Promise<FoundActor>): Promise<FoundActor> {
    const fired = deferred<never>();
    const release = whenAborted(signal, () => fired.reject(new CallCancelledError('create', 'its signal fired', 'unknown')));
    try {
      return await Promise.race([found, fired.promise]);
    } catch (error) {
      if (signal.aborted) this.#abandon(id);
      throw error;
    } finally {
      release();
      // The one that came later has nobody who hears it.
      fired.promise.catch(() => undefined);
      found.catch(() => undefined);
    }
  }

  /** Not awaited: without a head it would only delay the news. The session's end would end the actor too, if it is not detached. */
  #abandon(id: ActorId): void {
    const { rpc, session } = this.#parts;
    rpc.kill(id, `${session.id}, which gave up waiting for it`).catch(() => undefined);
  }

  #handle<Instance extends object>(found: FoundActor): ActorHandle<Instance> {
    const { id, className, name } = found.listing;
    const handle = this.#handles.handle<Instance>({ id, className, name }, locationOf(found));
    this.#handles.warm(id);
    return handle;
  }
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
