import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  toErrorData,
  TrainerError,
  type Capacity,
  type Clock,
  type LeaseHolder,
  type LeaseId,
  type ProcessStart,
  type SignedRequest,
} from '@trainer/model';
import type { Logger, Spawner } from '@trainer/runtime';
import { accessConfigOf, type Sign } from '@trainer/storage';
import type { BundleCache } from '../bundles/bundle-cache.js';
import { fetchArgs, type ArgsSource } from '../bundles/fetch-args.js';
import type { AgentConfig } from '../config.js';
import { asDiskError } from '../folder/disk-full.js';
import type { GroupRecords } from '../folder/group-records.js';
import { LEASE_VARIABLE, type MarkedProcesses } from '../folder/marked-processes.js';
import { groupMembers, signalGroup } from '../folder/process-table.js';
import type { Launch } from '../leases/lease-keeper.js';
import type { Timing } from '../timing.js';
import { actorChannel, CHANNEL_PIPES } from './actor-channel.js';
import { actorEnvironment, threadsOf } from './environment.js';
import type { MemoryReader } from './memory-use.js';
import { maySign } from './store-access.js';
import { SupervisedActor } from './supervised-actor.js';
import type { ActorChild, SupervisionEvents } from './supervision.js';

/** Only modules that the installation names run, and only as what it names them for. */
export class ModuleRefusedError extends TrainerError<'actor.load-failed', { specifier: string }> {
  constructor(specifier: string, runsAs: LeaseHolder['kind']) {
    const what = runsAs === 'actor' ? 'an actor' : 'a rank';
    super('actor.load-failed', `This node has no module '${specifier.slice(0, 200)}' that may run as ${what}.`, {
      specifier: specifier.slice(0, 200),
    });
  }
}

/** Ranks run at lower priority, so that agents stay responsive (design.md section 5). */
const RANK_NICE = 10;

export interface LauncherPorts {
  readonly config: AgentConfig;
  readonly capacity: Capacity;
  readonly clock: Clock;
  readonly timing: Timing;
  readonly spawner: Spawner;
  readonly bundles: BundleCache;
  readonly args: ArgsSource;
  readonly groups: GroupRecords;
  readonly marked: MarkedProcesses;
  /** @returns what marks the processes of a lease */
  readonly mark: (lease: LeaseId) => string;
  readonly logger: Logger;
  readonly memory: MemoryReader;
  readonly scratchFolder: string;
  readonly datasetCacheFolder: string;
  /** Signs requests to the object store; null: it is a folder, which needs none. */
  readonly sign: Sign | null;
  /** Where the process's entry keeps V8's compiled code. */
  readonly codeCacheFolder: string;
}

/** Starts actors' processes. */
export class Launcher {
  readonly #ports: LauncherPorts;

  constructor(ports: LauncherPorts) {
    this.#ports = ports;
  }

  /** @throws DiskFullError; then there is no process */
  launch(launch: Launch, events: SupervisionEvents): SupervisedActor {
    const { clock, timing, memory, groups } = this.#ports;
    const { lease, grant, spec } = launch;
    const scratch = join(this.#ports.scratchFolder, lease);
    const record = groups.open(lease);
    const gone = new AbortController();
    const isRank = spec.holder.kind === 'rank';
    return new SupervisedActor(
      { lease, isRank, memoryBytes: grant.memoryBytes },
      {
        clock,
        timing,
        kernelKills: () => memory.kernelKills(),
        sign: (request) => this.#signed(launch, request),
        groups: {
          signal: signalGroup,
          isAlive: (group) => groupMembers(group).length > 0,
          endStrays: (done) => void this.#endStrays(lease).then(done),
        },
        spawn: () => this.#spawn(lease),
        prepare: (pid) => this.#prepared(launch, scratch, gone.signal, () => pid !== null && record.started(pid)),
      },
      {
        ...events,
        onEnded: (cause) => {
          gone.abort(new Error('its process is gone'));
          this.#remove(lease, () => record.close());
          this.#remove(lease, () => rmSync(scratch, { recursive: true, force: true }));
          events.onEnded(cause);
        },
      },
    );
  }

  async #signed({ spec }: Launch, request: SignedRequest): Promise<string> {
    const { sign, config } = this.#ports;
    const { bucket, key, method } = request;
    if (sign === null || !maySign(spec.holder, spec.classRef.kind === 'module', request, config.buckets))
      throw new TrainerError('object.not-signed', `this lease may not ${method} ${key} in bucket ${bucket}`, {});
    return sign(request);
  }

  async #endStrays(lease: LeaseId): Promise<void> {
    const { marked, mark, logger } = this.#ports;
    const wanted = mark(lease);
    const remaining = await marked.end((found) => found === wanted);
    if (remaining.length > 0) logger.error('processes of an ended lease can not be ended', { lease, pids: remaining });
  }

  /** What can't be removed now is removed when the next agent opens the folder. */
  #remove(lease: LeaseId, remove: () => void): void {
    try {
      remove();
    } catch (error) {
      this.#ports.logger.warn('what an ended lease left on the disk can not be removed', { lease, error: toErrorData(error) });
    }
  }

  #spawn(lease: LeaseId): ActorChild {
    const { config, spawner, clock, mark } = this.#ports;
    const child = spawner.spawn({
      command: process.execPath,
      args: [config.actorEntry, this.#ports.codeCacheFolder],
      env: { ...config.processEnvironment, [LEASE_VARIABLE]: mark(lease) },
      stdio: ['ignore', 'pipe', 'pipe', ...CHANNEL_PIPES],
      isGroupLeader: true,
    });
    return { process: child, channel: actorChannel(child, clock) };
  }

  /** @param record completes the process's record: it has run no code of users yet */
  async #prepared(launch: Launch, scratchDir: string, gone: AbortSignal, record: () => void): Promise<ProcessStart> {
    try {
      record();
      return await this.#prepare(launch, scratchDir, gone);
    } catch (error) {
      throw asDiskError(this.#ports.config.folder, error);
    }
  }

  /** @param gone what is fetched for a process that is gone leaves nothing */
  async #prepare({ lease, grant, spec }: Launch, scratchDir: string, gone: AbortSignal): Promise<ProcessStart> {
    const { config, timing, capacity } = this.#ports;
    const environment = actorEnvironment(grant, capacity.gpus, spec.env);
    const moduleUrl = await this.#moduleUrl(spec);
    gone.throwIfAborted();
    mkdirSync(scratchDir, { recursive: true, mode: 0o700 });
    const args = await this.#args(spec, join(scratchDir, 'args'), gone);
    const isRank = spec.holder.kind === 'rank';
    return {
      lease,
      holder: spec.holder,
      classRef: spec.classRef,
      className: spec.className,
      moduleUrl,
      args,
      concurrency: spec.concurrency,
      token: spec.token,
      environment,
      threads: threadsOf(grant),
      nice: isRank ? RANK_NICE : 0,
      listenHost: config.listenHost,
      advertisedHost: config.advertisedHost,
      ports: config.actorPorts,
      scratchDir,
      nativeDir: config.nativeDir,
      datasetCache: { folder: this.#ports.datasetCacheFolder, quotaBytes: config.datasetCacheBytes },
      // Code of users never sees it: the runtime brings large states there.
      store: spec.classRef.kind === 'module' || spec.actor !== null ? accessConfigOf(config.store) : null,
      beatMs: isRank ? timing.beatMs : null,
      answersKeptMs: timing.answersKeptMs,
      actor: spec.actor,
      headAddresses: config.headAddresses,
    };
  }

  async #args({ args, holder }: Launch['spec'], path: string, gone: AbortSignal): Promise<ProcessStart['args']> {
    if (args.kind === 'inline') return args;
    if (holder.kind !== 'actor') throw new RangeError('Only arguments of actors are stored.');
    const { clock, timing } = this.#ports;
    // No longer than its process may take to start.
    const signal = AbortSignal.any([gone, AbortSignal.timeout(timing.startMs)]);
    await fetchArgs(this.#ports.args, { actor: holder.actor, args }, path, { clock, signal });
    return { kind: 'file', path };
  }

  async #moduleUrl({ classRef, holder }: Launch['spec']): Promise<string> {
    if (classRef.kind === 'bundle') return this.#ports.bundles.ensure(classRef.hash);
    const { modules } = this.#ports.config;
    const known = Object.hasOwn(modules, classRef.specifier) ? modules[classRef.specifier] : undefined;
    if (known?.runsAs !== holder.kind) throw new ModuleRefusedError(classRef.specifier, holder.kind);
    return known.url;
  }
}
