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
import { LogNotFoundError } from './errors.js';
import { ShownLines } from './shown-lines.js';
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
/** Agents store a line within 2 s: one that came before the follower listened is in the store by then. */
const STORED_MS = 3_000;

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
    if (leases.length === 0 && hasEnded(rules.loop, of)) throw new LogNotFoundError(of);
    if (follow) live.follow(leases);
    const stored = await readStoredLines(rules.objects, rules.bucket, leases, tail > 0 ? tail : null);
    await writeAll(call, stored, signal);
    if (follow) await followed(rules, call, live, new ShownLines(stored), signal);
  } finally {
    live.close();
  }
}

/** Shows live lines, and once, when they must be stored, those that were written but not stored when the follower began. */
async function followed(rules: LogRules, call: Call, live: LiveLines, shown: ShownLines, signal: AbortSignal): Promise<void> {
  const { of } = call.request;
  const beganAt = rules.clock.monotonicMs();
  for (let isSettled = false; ;) {
    const isOver = hasEnded(rules.loop, of);
    const leases = await leasesOf(rules, of);
    const lines = live.take();
    if (isSettled) await writeAll(call, lines, signal);
    else {
      await writeAll(call, shown.newOfLive(lines), signal);
      isSettled = isOver || rules.clock.monotonicMs() - beganAt >= STORED_MS;
      if (isSettled) await writeAll(call, shown.newOfStored(await readStoredLines(rules.objects, rules.bucket, leases, null)), signal);
    }
    if (isOver) return;
    await sleep(rules.clock, LOOK_MS, signal);
    live.follow(leases);
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
