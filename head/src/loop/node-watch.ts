import { isFinalLease } from '@trainer/model';
import type { Clock, Lease, LeaseId, Millis, NodeId, Timer } from '@trainer/model';
import { stepNode } from '../nodes/step-node.js';
import type { NodeEvent } from '../nodes/node-table.js';
import type { AgentLinks } from './agent-links.js';
import { afterAwake } from './awake-timer.js';
import type { ClusterLoop, LoopListener } from './cluster-loop.js';
import { leaseGone, leaseLost } from './facts.js';
import type { Timers } from './settings.js';
import type { Turn } from './turn.js';

export interface NodeWatchOptions {
  readonly loop: ClusterLoop;
  readonly links: AgentLinks;
  readonly timers: Timers;
  readonly clock: Clock;
}

/** Looks at heartbeats this often within the limit of silence. */
const LOOKS = 6;

/**
 * Who is away, and what is lost with it (design.md section 9).
 *
 *   W1. A node whose stream closed, or that is silent, takes no placement at once; its actors' leases are lost after
 *       `actorsLostMs`, its ranks' after `ranksLostMs`, unless its incarnation says hello before. An agent whose hello waits
 *       for its facts to be stored is not away, as long as it is heard.
 *   W2. A stall of the head's own event loop counts against no agent: it could not have heard them.
 *   W3. A lost rank counts as gone `headlessMs` later: design.md section 5 lets no process live longer. A head that reads its
 *       state anew counts the whole time again: clocks may have been stepped, and a suspended head echoes.
 */
export class NodeWatch implements LoopListener {
  readonly name = 'node watch';
  readonly #away = new Map<NodeId, readonly Timer[]>();
  readonly #lost = new Map<LeaseId, Timer>();
  #look: Timer | null = null;

  constructor(private readonly options: NodeWatchOptions) {}

  start(): void {
    const { clock, timers } = this.options;
    const everyMs = timers.silentMs / LOOKS;
    let lookedMs = clock.monotonicMs();
    const look = (): void => {
      const nowMs = clock.monotonicMs();
      if (nowMs - lookedMs > 2 * everyMs) for (const link of this.options.links.all()) link.lastHeardMs = nowMs;
      lookedMs = nowMs;
      for (const link of this.options.links.all()) if (nowMs - link.lastHeardMs > timers.silentMs) this.#silent(link.node);
      this.#look = clock.after(everyMs, look);
    };
    this.#look = clock.after(everyMs, look);
  }

  close(): void {
    this.#look?.cancel();
    this.suspended();
  }

  /** The node's present stream is gone. */
  left(node: NodeId, event: NodeEvent): void {
    this.#step(node, event);
    this.#countLoss(node, this.options.timers.actorsLostMs, this.options.timers.ranksLostMs);
  }

  /** It said hello and is not reconciled yet: its time begins anew with each word of it. */
  alive(node: NodeId): void {
    if (!this.#away.has(node)) return;
    this.back(node);
    this.#countLoss(node, this.options.timers.actorsLostMs, this.options.timers.ranksLostMs);
  }

  /** Its hello is being reconciled. */
  back(node: NodeId): void {
    for (const timer of this.#away.get(node) ?? []) timer.cancel();
    this.#away.delete(node);
  }

  committed(turn: Turn): void {
    for (const lease of turn.leases.values()) if (lease.state === 'lost') this.#countGone(lease);
  }

  suspended(): void {
    for (const timers of this.#away.values()) for (const timer of timers) timer.cancel();
    for (const timer of this.#lost.values()) timer.cancel();
    this.#away.clear();
    this.#lost.clear();
  }

  resumed(): void {
    const { loop, timers } = this.options;
    for (const { entry } of loop.state.nodes.committed()) {
      if (entry.state !== 'lost') this.#countLoss(entry.id, timers.knownNodeMs, timers.knownNodeMs);
    }
    for (const lease of loop.state.leases.committed()) {
      if (lease.state === 'lost') this.#countGone(lease);
    }
  }

  #silent(node: NodeId): void {
    if (this.#away.has(node)) return;
    this.left(node, { kind: 'silent' });
  }

  #countLoss(node: NodeId, actorsMs: Millis, ranksMs: Millis): void {
    if (this.#away.has(node)) return;
    const { clock, loop } = this.options;
    const isStillAway = (): boolean => this.#away.get(node) === timers;
    const actors = afterAwake(clock, actorsMs, () => loop.inSlices((turn) => !isStillAway() || lose(turn, node, ['actor'])));
    const ranks = afterAwake(clock, ranksMs, () => {
      loop.inSlices((turn) => {
        if (!isStillAway()) return true;
        const areAllLost = lose(turn, node, ['actor', 'rank']);
        if (areAllLost) stepNodeIn(turn, node, { kind: 'lost' });
        return areAllLost;
      });
    });
    const timers = [actors, ranks];
    this.#away.set(node, timers);
  }

  #countGone(lease: Lease): void {
    if (lease.holder.kind !== 'rank' || this.#lost.has(lease.id)) return;
    const timer = this.options.clock.after(this.options.timers.headlessMs, () => {
      this.#lost.delete(lease.id);
      this.options.loop.inBackground((turn) => leaseGone(turn, lease));
    });
    this.#lost.set(lease.id, timer);
  }

  #step(node: NodeId, event: NodeEvent): void {
    this.options.loop.inBackground((turn) => stepNodeIn(turn, node, event));
  }
}

/** Applies an event to the node's entry. */
export function stepNodeIn(turn: Turn, node: NodeId, event: NodeEvent): void {
  const stored = turn.node(node);
  if (stored === undefined) return;
  const step = stepNode(stored.entry, event, turn.now);
  if (step.kind === 'illegal') turn.illegal.push(step);
  else if (step.isChanged) turn.putNode({ ...stored, entry: step.node });
}

/** So many leases are lost in one turn: some milliseconds of work. */
const MOST_LOST = 200;

/** @returns false: there are more */
function lose(turn: Turn, node: NodeId, kinds: readonly Lease['holder']['kind'][]): boolean {
  let lost = 0;
  for (const id of turn.state.leasesOf.of(node)) {
    const lease = turn.lease(id);
    if (lease === undefined || !kinds.includes(lease.holder.kind) || isFinalLease(lease.state)) continue;
    if (lost === MOST_LOST) return false;
    lost += 1;
    leaseLost(turn, lease);
  }
  return true;
}
