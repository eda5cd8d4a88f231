import { readFileSync, rmSync } from 'node:fs';
import { setPriority } from 'node:os';
import type { ActorStart, Begin, Clock, DeathCause, FromActorProcess, ProcessStart, Timer, ToActorProcess } from '@trainer/model';
import { sleep, type GrpcServer } from '@trainer/runtime';
import { openObjectAccess, type ObjectAccess } from '@trainer/storage';
import { decodeAssignment, decodeValue } from '@trainer/wire';
import { toRemoteFailure } from './calls/remote-failure.js';
import { ServedCalls } from './calls/served-calls.js';
import { ActorHandles } from './handles/actor-handles.js';
import { loadClass, loadFailure, type Constructor, type ImportModule } from './loading/load-class.js';
import type { Gang } from './collectives/collective.js';
import { PeerListener, type PeerListenerOptions } from './collectives/peer-listener.js';
import { GANG_SETTINGS } from './collectives/settings.js';
import type { InstalledContext } from './loading/installed-context.js';
import type { Rank, RankContext } from './rank/rank-context.js';
import { Work } from './rank/work.js';
import { Reports } from './rank/reports.js';
import { Signatures } from './rank/signatures.js';
import { readStoreConfig } from './rank/store-config.js';
import { SavedStates } from './state/saved-states.js';
import { statefulOf, type Stateful } from './state/stateful.js';
import { openListener, type ListenerOptions } from './rpc/listener.js';

/** What an actor that is asked to stop may take to have its newest state stored; the agent's ladder would wait longer. */
const LAST_STATE_MS = 1_000;
/** Why an actor is asked to stop that will not be started again. */
const FINAL_REASON: DeathCause['kind'] = 'killed';

/** What the actor's process is to the code in it. */
export interface ProcessPorts {
  readonly clock: Clock;
  readonly importModule: ImportModule;
  send(message: FromActorProcess): void;
  /** Sends, then ends this process once the agent can read it. */
  sendAndEnd(message: FromActorProcess): void;
  /** Ends this process at once, whatever its threads do. */
  end(): void;
  /** Adds to this process's environment, on its main thread. */
  setEnvironment(values: Readonly<Record<string, string>>): void;
  /** Makes a folder this process's working folder. @throws where it is not there */
  enterFolder(path: string): void;
  later(run: () => void): void;
  writeLine(line: string): void;
}

/** The life of one actor in its process: load, construct, listen, ready, serve until the end. */
export class ActorProcess {
  readonly #ports: ProcessPorts;
  readonly #stop = new AbortController();
  readonly #reports: Reports;
  readonly #signatures: Signatures;
  #instance: object | null = null;
  #calls: ServedCalls | null = null;
  #isRank = false;
  #hasBegun = false;
  #ownerWatch: Timer | null = null;
  #server: GrpcServer | null = null;
  #peers: PeerListener | null = null;
  readonly #work = new Work();

  constructor(ports: ProcessPorts) {
    this.#ports = ports;
    this.#reports = new Reports((message) => ports.send(message));
    this.#signatures = new Signatures((message) => ports.send(message));
  }

  receive(message: ToActorProcess): void {
    switch (message.kind) {
      case 'start':
        void this.#start(message.start);
        return;
      case 'begin':
        void this.#begin(message.begin);
        return;
      case 'stop':
        void this.#stopped(message.reason);
        return;
      case 'reported':
        this.#reports.settled(message.number, message.refused);
        return;
      case 'signed':
        this.#signatures.signed(message.number, message.url);
        return;
      case 'not-signed':
        this.#signatures.refused(message.number, message.why, message.retry);
        return;
      case 'owned':
        // By this timer the process ends itself: a stall of its own loop does not lengthen it.
        this.#ownerWatch?.cancel();
        this.#ownerWatch = this.#ports.clock.after(message.leftMs, () => this.#ownerGone());
    }
  }

  #ownerGone(): void {
    // Not `sendAndEnd`: an owner that is frozen reads nothing, and the end must not wait for it.
    this.#ports.send({ kind: 'failed', cause: { kind: 'owner-gone', owner: 'the head' } });
    this.#ports.end();
  }

  async #start(start: ProcessStart): Promise<void> {
    if (start.nice > 0) setPriority(start.nice);
    this.#ports.setEnvironment(start.environment);
    this.#isRank = start.holder.kind === 'rank';
    const handles = new ActorHandles(start, this.#ports.clock);
    const states = new SavedStates(start.holder, () => this.#openStore(start));
    const calls = this.#servedCalls(start, handles, states);
    let address: string;
    let stateful: Stateful | null = null;
    try {
      const { clock } = this.#ports;
      // Before any code of users: what it writes to a relative path is its own, and goes with it.
      this.#ports.enterFolder(start.scratchDir);
      const at = { clock, host: start.listenHost, ports: start.ports };
      // Nobody calls a rank but the other ranks.
      const listening = this.#isRank
        ? this.#listenForPeers(at)
        : this.#listenForCalls({ ...at, callers: calls.callers, onUnsent: calls.onUnsent });
      const loading = loadClass(start, this.#ports.importModule);
      // Both run to their end before either's error is looked at, so that neither rejects unheard.
      await Promise.allSettled([listening, loading]);
      const port = await listening;
      address = `${start.advertisedHost}:${port}`;
      this.#construct(await loading, start, handles);
      if (this.#instance !== null && start.actor !== null) stateful = statefulOf(this.#instance, rulesOf(start, start.actor));
      if (stateful !== null && !(await this.#restore(stateful, start, { handles, states }))) return;
    } catch (error) {
      this.#ports.sendAndEnd({ kind: 'failed', cause: loadFailure(error) });
      return;
    }
    if (this.#instance === null) return;
    if (!this.#isRank) calls.serve(this.#instance, stateful);
    if (start.beatMs !== null) this.#beat(start.beatMs);
    this.#ports.send({ kind: 'ready', address });
  }

  async #listenForCalls(options: ListenerOptions): Promise<number> {
    const { server, port } = await openListener(options);
    this.#server = server;
    return port;
  }

  async #listenForPeers(options: Omit<PeerListenerOptions, 'settings'>): Promise<number> {
    this.#peers = await PeerListener.open({ ...options, settings: GANG_SETTINGS });
    return this.#peers.port;
  }

  #servedCalls(start: ProcessStart, handles: ActorHandles, states: SavedStates): ServedCalls {
    const ports = this.#ports;
    this.#calls = new ServedCalls(start, {
      clock: ports.clock,
      handles,
      states,
      later: (run) => ports.later(run),
      reportState: (state) => this.#reports.state(state),
      log: (line) => ports.writeLine(line),
    });
    return this.#calls;
  }

  #construct(Class: Constructor, start: ProcessStart, handles: ActorHandles): void {
    const args = this.#isRank ? [decodeAssignment(argsOf(start))] : (decodeValue(argsOf(start), { at: 'args', handles }) as unknown[]);
    const context = start.classRef.kind === 'module' ? [this.#isRank ? this.#rankContext(start) : this.#context(start)] : [];
    try {
      this.#instance = new Class(...context, ...args);
    } catch (error) {
      this.#ports.sendAndEnd({ kind: 'failed', cause: { kind: 'constructor-threw', error: toRemoteFailure(error) } });
    }
  }

  /** @returns whether the instance is as the incarnation before it left it. @throws when the state can't be read */
  async #restore(stateful: Stateful, start: ProcessStart, from: { handles: ActorHandles; states: SavedStates }): Promise<boolean> {
    const state = start.actor?.state ?? null;
    if (state === null) return true;
    const value = decodeValue(await from.states.load(state), { at: 'state', handles: from.handles });
    try {
      await stateful.restore(value);
      return true;
    } catch (error) {
      this.#ports.sendAndEnd({ kind: 'failed', cause: { kind: 'constructor-threw', error: toRemoteFailure(error) } });
      return false;
    }
  }

  #context(start: ProcessStart): InstalledContext {
    return {
      leaseId: start.lease,
      signal: this.#stop.signal,
      scratchDir: start.scratchDir,
      nativeDir: start.nativeDir,
      threads: start.threads,
      openStore: () => this.#openStore(start),
      log: (line) => this.#ports.writeLine(line),
    };
  }

  #openStore({ store }: ProcessStart): Promise<ObjectAccess> {
    return openObjectAccess(readStoreConfig(store), this.#signatures.sign);
  }

  #rankContext(start: ProcessStart): RankContext {
    return {
      ...this.#context(start),
      datasetCache: start.datasetCache,
      network: { listenHost: start.listenHost, advertisedHost: start.advertisedHost, ports: start.ports },
      report: (report) => this.#reports.report(report),
      join: (begin) => this.#join(begin),
      working: (isWorking) => this.#work.set(isWorking),
    };
  }

  async #join(begin: Begin): Promise<Gang> {
    if (this.#peers === null) throw new RangeError('Only a rank has other ranks to join.');
    return this.#peers.join(begin);
  }

  #beat(everyMs: number): void {
    this.#ports.send({ kind: 'beat', step: this.#work.step });
    this.#ports.clock.after(everyMs, () => this.#beat(everyMs));
  }

  async #begin(begin: Begin): Promise<void> {
    if (!this.#isRank || this.#instance === null || this.#hasBegun) return;
    this.#hasBegun = true;
    await (this.#instance as Rank).begin(begin);
    this.#ports.sendAndEnd({ kind: 'finished' });
  }

  async #stopped(reason: string): Promise<void> {
    this.#stop.abort(new Error(`Asked to stop: ${reason}`));
    if (this.#calls !== null && reason !== FINAL_REASON)
      await Promise.race([this.#calls.finish(), sleep(this.#ports.clock, LAST_STATE_MS)]);
    this.#server?.cut();
    if (this.#isRank) await (this.#instance as Rank | null)?.stop?.(reason);
    this.#ports.end();
  }
}

/** A file has them once: nothing of them is kept on the disk. */
function argsOf({ args }: ProcessStart): Uint8Array {
  if (args.kind === 'inline') return args.bytes;
  const bytes = readFileSync(args.path);
  rmSync(args.path, { force: true });
  return bytes;
}

function rulesOf(start: ProcessStart, actor: ActorStart): Parameters<typeof statefulOf>[1] {
  return { className: start.className, checkpointEvery: actor.checkpointEvery, concurrency: start.concurrency };
}
