import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { TrainerError, type ActorClassRef, type Capacity, type Clock, type ProcessStart } from '@trainer/model';
import type { Spawner } from '@trainer/runtime';
import type { BundleCache } from '../bundles/bundle-cache.js';
import { fetchArgs, type ArgsSource } from '../bundles/fetch-args.js';
import type { AgentConfig } from '../config.js';
import type { GroupRecords } from '../folder/group-records.js';
import { groupMembers, signalGroup } from '../folder/process-table.js';
import type { Launch } from '../leases/lease-keeper.js';
import type { Timing } from '../timing.js';
import { actorChannel } from './actor-channel.js';
import { actorEnvironment, threadsOf } from './environment.js';
import type { MemoryReader } from './memory-use.js';
import { SupervisedActor, type ActorChild, type SupervisionEvents } from './supervised-actor.js';

/** Only modules that the installation names run as actors. */
export class ModuleRefusedError extends TrainerError<'actor.load-failed', { specifier: string }> {
  constructor(specifier: string) {
    super('actor.load-failed', `This node has no module '${specifier.slice(0, 200)}' that may run as an actor.`, {
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
  readonly memory: MemoryReader;
  readonly scratchFolder: string;
  /** Where the process's entry keeps V8's compiled code. */
  readonly codeCacheFolder: string;
}

/** Starts actors' processes. */
export class Launcher {
  readonly #ports: LauncherPorts;

  constructor(ports: LauncherPorts) {
    this.#ports = ports;
  }

  launch(launch: Launch, events: SupervisionEvents): SupervisedActor {
    const { clock, timing, memory, groups } = this.#ports;
    const { lease, grant, spec } = launch;
    const scratch = join(this.#ports.scratchFolder, lease);
    let group: number | null = null;
    const gone = new AbortController();
    const isRank = spec.classRef.kind === 'module';
    return new SupervisedActor(
      { lease, isRank, memoryBytes: grant.memoryBytes },
      {
        clock,
        timing,
        kernelKills: () => memory.kernelKills(),
        groups: { signal: signalGroup, isAlive: (group) => groupMembers(group).length > 0 },
        spawn: () => this.#spawn(),
        prepare: () => this.#prepare(launch, scratch, gone.signal),
      },
      {
        ...events,
        onStarted: (pid) => {
          group = pid;
          groups.add(pid);
          events.onStarted(pid);
        },
        onEnded: (cause) => {
          gone.abort(new Error('its process is gone'));
          if (group !== null) groups.remove(group);
          rmSync(scratch, { recursive: true, force: true });
          events.onEnded(cause);
        },
      },
    );
  }

  #spawn(): ActorChild {
    const { config, spawner, clock } = this.#ports;
    const child = spawner.spawn({
      command: process.execPath,
      args: [config.actorEntry, this.#ports.codeCacheFolder],
      env: config.processEnvironment,
      // The last one is the channel, at ACTOR_CHANNEL_FD.
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      isGroupLeader: true,
    });
    return { process: child, channel: actorChannel(child, clock) };
  }

  /** @param gone what is fetched for a process that is gone leaves nothing */
  async #prepare({ lease, grant, spec }: Launch, scratchDir: string, gone: AbortSignal): Promise<ProcessStart> {
    const { config, timing, capacity } = this.#ports;
    const environment = actorEnvironment(grant, capacity.gpus, spec.env);
    const moduleUrl = await this.#moduleUrl(spec.classRef);
    gone.throwIfAborted();
    mkdirSync(scratchDir, { recursive: true, mode: 0o700 });
    const args = await this.#args(spec, join(scratchDir, 'args'), gone);
    const isModule = spec.classRef.kind === 'module';
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
      nice: spec.holder.kind === 'rank' ? RANK_NICE : 0,
      listenHost: config.listenHost,
      advertisedHost: config.advertisedHost,
      ports: config.actorPorts,
      scratchDir,
      nativeDir: config.nativeDir,
      // Code of users gets it for large states only, which the runtime brings there.
      store: isModule || spec.actor !== null ? config.store : null,
      beatMs: isModule ? timing.beatMs : null,
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

  async #moduleUrl(classRef: ActorClassRef): Promise<string> {
    if (classRef.kind === 'bundle') return this.#ports.bundles.ensure(classRef.hash);
    const url = this.#ports.config.modules[classRef.specifier];
    if (url === undefined) throw new ModuleRefusedError(classRef.specifier);
    return url;
  }
}
