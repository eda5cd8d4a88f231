import { catalogEntry, isFinalLease, TrainerError } from '@trainer/model';
import type { Actor, ActorId, Clock, JobId, Lease, Millis, Timer } from '@trainer/model';
import type { Logger } from '@trainer/runtime';
import { RestartPauses } from '../actors/restart-pauses.js';
import { demandOf, holdsLeases, type DemandTime } from '../jobs/job-demand.js';
import type { JobRecord } from '../jobs/job-record.js';
import type { Demand, Placement, Policy } from '../scheduling/demand.js';
import { explainText } from '../scheduling/explain-text.js';
import type { Explanation } from '../scheduling/explanation.js';
import { NodePauses } from '../scheduling/pauses.js';
import { plan } from '../scheduling/plan.js';
import { viewOf } from '../scheduling/view.js';
import { FencedError, StoreUnavailableError } from '../store/errors.js';
import type { ClusterLoop } from './cluster-loop.js';
import type { Timers } from './settings.js';
import type { Turn } from './turn.js';

/** What was asked for fits on no node, even empty; `facts.explanation` is the scheduler's, as data. */
export class InfeasibleError extends TrainerError<'placement.infeasible', { explanation: Explanation }> {
  constructor(explanation: Explanation) {
    super('placement.infeasible', explainText(explanation), { explanation });
  }
}

export interface PlannerOptions {
  readonly loop: ClusterLoop;
  readonly timers: Timers;
  readonly maxParallelJobs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** An actor that fits nowhere; its creator is told before it is dead. */
  readonly onInfeasible: (actor: ActorId, error: InfeasibleError) => void;
}

/** Plans whenever something changed: one plan at a time, made on what is decided, committed before anything of it is sent. */
export class Planner {
  #isDirty = false;
  #isPlanning = false;
  #patience: Timer | null = null;
  #isReasonHeldBack = false;
  #quietUntilMs: Millis = 0;
  readonly #reasonAt = new Map<string, Millis>();
  readonly #pauses: NodePauses;
  readonly #restarts: RestartPauses;

  constructor(private readonly options: PlannerOptions) {
    const { refusedFirstMs: firstMs, refusedLongestMs: longestMs } = options.timers;
    this.#pauses = new NodePauses({ firstMs, longestMs });
    this.#restarts = new RestartPauses(options.clock, () => this.touch());
  }

  /** Something changed that may let a demand go on. Cheap; may be called often. */
  touch(): void {
    this.#isDirty = true;
    if (this.#isPlanning) return;
    this.#isPlanning = true;
    queueMicrotask(() => void this.#run());
  }

  /** A turn was decided: who refused is left alone for a while, and who changed may be asked again. */
  noticed(turn: Turn): void {
    const nowMs = this.options.clock.monotonicMs();
    for (const lease of turn.leases.values()) if (hasMoved(lease)) this.#pauses.changed(lease.node);
    for (const { entry } of turn.nodes.values())
      if (entry.stream !== turn.state.nodes.seen(entry.id)?.entry.stream) this.#pauses.changed(entry.id);
    for (const node of turn.refusedBy) this.#pauses.refused(node, nowMs);
    this.touch();
  }

  /** State was read anew, and no agent has said hello yet: reasons told now would all be wrong in a moment. */
  resumed(): void {
    this.#quietUntilMs = this.options.clock.monotonicMs() + this.options.timers.reasonEveryMs;
    this.touch();
  }

  close(): void {
    this.#patience?.cancel();
    this.#restarts.close();
  }

  async #run(): Promise<void> {
    while (this.#isDirty && this.options.loop.isRunning) {
      this.#isDirty = false;
      // A failed commit suspends the loop; when it resumes everything is planned anew.
      await this.options.loop.turn((turn) => this.#plan(turn)).catch((error: unknown) => this.#failed(error));
    }
    this.#isPlanning = false;
  }

  #failed(error: unknown): void {
    if (error instanceof StoreUnavailableError || error instanceof FencedError) return;
    this.options.logger.error('a plan could not be made', { error });
  }

  #plan(turn: Turn): void {
    const { state } = this.options.loop;
    const nodes = [...state.nodes.decided()].map((node) => node.entry);
    const records = [...state.jobs.decided()];
    const queue = [
      ...this.#actorDemands(),
      ...records.flatMap((record) => jobDemand(record, nodes, { now: turn.now, lateNodesMs: this.options.timers.lateNodesMs })),
    ];
    if (queue.length === 0) {
      this.#reasonAt.clear();
      return;
    }
    const running = records.filter(holdsLeases).length;
    const policy: Policy = { maxParallelJobs: this.options.maxParallelJobs, patienceMs: this.options.timers.patienceMs };
    const nowMs = this.options.clock.monotonicMs();
    const made = plan(
      viewOf(nodes, [...state.leases.decided()], running, (node) => this.#pauses.has(node, nowMs)),
      queue,
      policy,
      turn.now,
    );
    this.#isReasonHeldBack = false;
    for (const placement of made.placements) this.#apply(turn, placement);
    for (const explanation of made.explanations) this.#explain(turn, explanation);
    this.#patience?.cancel();
    const pausedMs = this.#pauses.nextEndMs(nowMs) ?? Math.min(policy.patienceMs, this.options.timers.lateNodesMs);
    const againMs = Math.min(pausedMs, this.#isReasonHeldBack ? this.options.timers.reasonEveryMs : policy.patienceMs);
    this.#patience = made.explanations.length === 0 ? null : this.options.clock.after(againMs, () => this.touch());
  }

  #actorDemands(): Demand[] {
    const pending = [...this.options.loop.state.actors.decided()].filter(({ state }) => state.at === 'pending');
    return this.#restarts.due(pending).map(({ spec: { id, resources, priority }, state: { since } }) => ({
      id,
      kind: 'actor',
      bundles: [resources],
      priority,
      since,
      needsEngine: null,
    }));
  }

  #apply(turn: Turn, placement: Placement): void {
    this.#reasonAt.delete(placement.demand);
    if (placement.kind === 'actor') {
      const actor = placement.demand as ActorId;
      const incarnation = (turn.actor(actor)?.restarts ?? 0) + 1;
      for (const { node, incarnation: nodeIncarnation, grant } of placement.bundles) {
        const lease = turn.planLease(node, nodeIncarnation, grant, () => ({ kind: 'actor', actor, incarnation }));
        turn.stepActor(actor, { kind: 'placed', lease: lease.id, incarnation });
      }
      return;
    }
    const job = placement.demand as JobId;
    const attempt = (turn.job(job)?.job.attempt ?? 0) + 1;
    const ranks = placement.bundles.map(({ bundle, node, incarnation, grant }) => {
      const lease = turn.planLease(node, incarnation, grant, () => ({ kind: 'rank', job, attempt, rank: bundle }));
      return { rank: bundle, lease: lease.id, node, grant };
    });
    turn.stepJob(job, { kind: 'placed', attempt, ranks });
  }

  #explain(turn: Turn, explanation: Explanation): void {
    const actor = turn.actor(explanation.demand as ActorId);
    // One that ran before waits: the node that it fits on may come back.
    if (actor !== undefined && actor.restarts === 0 && explanation.verdict === 'infeasible') {
      this.options.onInfeasible(actor.spec.id, new InfeasibleError(explanation));
      turn.stepActor(actor.spec.id, { kind: 'infeasible', explanation });
      return;
    }
    const text = explainText(explanation);
    const known = actor === undefined ? turn.job(explanation.demand as JobId)?.job.pendingReason : reasonOf(actor);
    if (known === text) return;
    // Every plan changes somebody's number in the queue; a reason is for people, and costs a commit.
    const last = this.#reasonAt.get(explanation.demand);
    const isQuiet = this.options.clock.monotonicMs() < this.#quietUntilMs;
    if (isQuiet || (last !== undefined && turn.now - last < this.options.timers.reasonEveryMs)) {
      this.#isReasonHeldBack = true;
      return;
    }
    this.#reasonAt.set(explanation.demand, turn.now);
    if (actor !== undefined) turn.stepActor(actor.spec.id, { kind: 'waits', reason: text });
    else turn.stepJob(explanation.demand as JobId, { kind: 'pending-reason', text });
  }
}

/** Work on the node began, or a process of it ended: its room is not what it was. */
function hasMoved({ state, pid }: Lease): boolean {
  return state === 'starting' || state === 'ready' || (isFinalLease(state) && pid !== null);
}

function reasonOf(actor: Actor): string | null {
  return actor.state.at === 'pending' ? actor.state.reason : null;
}

function jobDemand(record: JobRecord, nodes: Parameters<typeof demandOf>[2], time: DemandTime): Demand[] {
  const entry = catalogEntry(record.job.request.modelId);
  const demand = entry === null ? null : demandOf(record, entry, nodes, time);
  return demand === null ? [] : [demand];
}
