import type { ServerWritableStream } from '@grpc/grpc-js';
import { isFinalStatus } from '@trainer/model';
import type { ActorId, Clock, JobId, LeaseId } from '@trainer/model';
import { sleep } from '@trainer/runtime';
import type { Logger, Messages, Subscription } from '@trainer/runtime';
import type { ObjectStore } from '@trainer/storage';
import type { ActorServiceServer, LogLine, pb } from '@trainer/wire';
import { decodeLogLineBytes, logSubject } from '@trainer/wire';
import type { ClusterLoop } from '../loop/cluster-loop.js';
import type { ClusterStore } from '../store/cluster-store.js';
import { streaming, writeAll } from './answering.js';
import { readStoredLines } from './stored-lines.js';

export interface LogRules {
  readonly loop: ClusterLoop;
  readonly store: ClusterStore;
  readonly objects: ObjectStore;
  readonly bucket: string;
  readonly messages: Messages;
  readonly clock: Clock;
  readonly logger: Logger;
}

type Call = ServerWritableStream<pb.LogsRequest, pb.LogLine>;

/** Live lines kept for a slow reader; older ones are dropped, as the whole log is in the store. */
const MAX_KEPT = 10_000;
/** How often a follower looks whether what it follows has ended, or runs in another lease. */
const LOOK_MS = 500;

/** The stored log of an actor, a job or a lease; then, when asked, live lines until it has ended. */
export function logCalls(rules: LogRules): ActorServiceServer['logs'] {
  return streaming(rules.logger, (call, signal) => logsOf(rules, call, signal));
}

async function logsOf(rules: LogRules, call: Call, signal: AbortSignal): Promise<void> {
  const { of, follow, tail } = call.request;
  const live = new LiveLines(rules.messages);
  try {
    // Listened to before the stored lines are read, so that none falls between.
    const leases = await leasesOf(rules, of);
    if (follow) live.follow(leases);
    const stored = await readStoredLines(rules.objects, rules.bucket, leases, tail > 0 ? tail : null);
    await writeAll(call, stored, signal);
    const newest = stored.at(-1)?.at ?? 0;
    while (follow) {
      const isOver = hasEnded(rules.loop, of);
      await writeAll(
        call,
        live.take().filter((line) => line.at > newest || stored.length === 0),
        signal,
      );
      if (isOver) return;
      await sleep(rules.clock, LOOK_MS, signal);
      live.follow(await leasesOf(rules, of));
    }
  } finally {
    live.close();
  }
}

async function leasesOf({ store }: LogRules, of: string): Promise<readonly LeaseId[]> {
  return /^\d+-\d+$/.test(of) ? [of as LeaseId] : store.leasesOf(of);
}

function hasEnded({ state }: ClusterLoop, of: string): boolean {
  if (of.startsWith('actor-')) return state.actors.seen(of as ActorId) === undefined;
  if (of.startsWith('train_')) {
    const record = state.jobs.seen(of as JobId);
    return record === undefined || isFinalStatus(record.job.status);
  }
  return state.leases.seen(of as LeaseId) === undefined;
}

/** The lines that come while nobody has taken them yet. */
class LiveLines {
  readonly #subscriptions = new Map<LeaseId, Subscription>();
  #lines: LogLine[] = [];

  constructor(private readonly messages: Messages) {}

  follow(leases: readonly LeaseId[]): void {
    for (const lease of leases) {
      if (this.#subscriptions.has(lease)) continue;
      const subscription = this.messages.subscribe(logSubject(lease), (bytes) => {
        if (this.#lines.length >= MAX_KEPT) this.#lines.shift();
        this.#lines.push(decodeLogLineBytes(bytes));
      });
      this.#subscriptions.set(lease, subscription);
    }
  }

  take(): readonly LogLine[] {
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }

  close(): void {
    for (const subscription of this.#subscriptions.values()) subscription.close();
  }
}
