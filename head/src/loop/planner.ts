import { catalogEntry, isFinalLease, TrainerError } from '@trainer/model';
import type { Actor, ActorId, Clock, JobId, Lease, Millis, Timer } from '@trainer/model';
import type { Logger } from '@trainer/runtime';
import { RestartPauses } from '../actors/restart-pauses.js';
import { holdsLeases, likenessOf, waitsForPlace, wantOf } from '../jobs/job-demand.js';
import type { JobRecord } from '../jobs/job-record.js';
import { holdsResources } from '../leases/step-lease.js';
import type { Placement, Policy, Want } from '../scheduling/demand.js';
import { explainText } from '../scheduling/explain-text.js';
import type { Explanation } from '../scheduling/explanation.js';
import { NodePauses } from '../scheduling/pauses.js';
import { plan } from '../scheduling/plan.js';
import { Reasons } from '../scheduling/reasons.js';
import { viewOf } from '../scheduling/view.js';
import { WaitingLine } from '../scheduling/waiting-line.js';
import type { StoredNode } from '../store/cluster-store.js';
import { FencedError, StoreUnavailableError } from '../store/errors.js';
import type { ClusterLoop } from './cluster-loop.js';
import { CountIndex } from './indexes.js';
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

/** One turn places so many at most, and tells so many why they wait: some milliseconds, with the messages that follow. */
const MOST_PLACEMENTS = 50;
const MOST_TOLD = 50;

/**
 * Plans whenever something changed that may let a demand go on: one plan at a time, made on what is decided, committed before
 * anything of it is sent. What a plan looks at is kept up to date as turns are decided, so that a turn costs what it changes.
 */
export class Planner {
  readonly #line = new WaitingLine();
  readonly #reasons = new Reasons(this.#line);
  readonly #running = new CountIndex<JobRecord>(holdsLeases);
  readonly #pauses: NodePauses;
  readonly #restarts: RestartPauses;
  #isDirty = false;
  #isPlanning = false;
  /** The plan's own turn is being decided: what leaves the line then was placed, and makes room for nobody. */
  #isOwnTurn = false;
  #areNodesNew = false;
  /** From then on gangs no longer count on nodes that may join. */
  #joinedUntilMs: Millis = Infinity;
  #again: Timer | null = null;
  #quietUntilMs: Millis = 0;

  constructor(private readonly options: PlannerOptions) {
    const { refusedFirstMs: firstMs, refusedLongestMs: longestMs } = options.timers;
    this.#pauses = new NodePauses({ firstMs, longestMs });
    this.#restarts = new RestartPauses(options.clock);
    const { nodes, actors, leases, jobs } = options.loop.state;
    nodes.index({ changed: (before, after) => this.#nodeChanged(before, after), clear: () => this.#nodesChanged() });
    actors.index({ changed: (before, after) => this.#actorChanged(before, after), clear: () => this.#clear('actor') });
    leases.index({ changed: (before, after) => this.#leaseChanged(before, after), clear: () => undefined });
    jobs.index({ changed: (before, after) => this.#jobChanged(before, after), clear: () => this.#clear('job') });
    jobs.index(this.#running);
  }

  /** Why it waits, as it is now: what it needs, what the nodes have, how many are ahead. null: nothing is known of its waiting. */
  reasonOf(id: ActorId | JobId): string | null {
    return this.#reasons.textOf(id);
  }

  /** How many things are remembered of demands; 0 once none waits. */
  get remembered(): number {
    return this.#line.size + this.#line.remembered + this.#restarts.size;
  }

  /** A turn was decided: who refused is left alone for a while, and who changed may be asked again. */
  noticed(turn: Turn): void {
    const nowMs = this.options.clock.monotonicMs();
    for (const lease of turn.leases.values()) if (hasMoved(lease)) this.#unpause(lease.node);
    for (const { entry } of turn.nodes.values())
      if (entry.stream !== turn.state.nodes.seen(entry.id)?.entry.stream) this.#unpause(entry.id);
    for (const node of turn.refusedBy) {
      this.#pauses.refused(node, nowMs);
      this.#isDirty = true;
    }
    if (this.#isDirty) this.#soon();
  }

  /** State was read anew, and no agent has said hello yet: reasons told now would all be wrong in a moment. */
  resumed(): void {
    this.#quietUntilMs = this.options.clock.monotonicMs() + this.options.timers.reasonQuietMs;
    this.#touch();
  }

  close(): void {
    this.#again?.cancel();
    this.#restarts.close();
  }

  #touch(): void {
    this.#isDirty = true;
    this.#soon();
  }

  #soon(): void {
    if (this.#isPlanning) return;
    this.#isPlanning = true;
    queueMicrotask(() => void this.#run());
  }

  #unpause(node: Lease['node']): void {
    if (this.#pauses.changed(node)) this.#isDirty = true;
  }

  #nodeChanged(before: StoredNode | undefined, after: StoredNode | undefined): void {
    // A fact's number is no news of the node.
    if (before?.entry !== after?.entry) this.#nodesChanged();
  }

  #nodesChanged(): void {
    this.#areNodesNew = true;
    this.#isDirty = true;
  }

  #leaseChanged(before: Lease | undefined, after: Lease | undefined): void {
    const isFreed = before !== undefined && holdsResources(before) && !(after !== undefined && holdsResources(after));
    if (isFreed) this.#isDirty = true;
  }

  #actorChanged(before: Actor | undefined, after: Actor | undefined): void {
    const isPending = after?.state.at === 'pending';
    if (isPending === (before?.state.at === 'pending')) return;
    if (isPending) {
      this.#restarts.begin(after, () => this.#joins(after));
    } else if (before !== undefined) {
      this.#restarts.end(before.spec.id);
      this.#leaves(before.spec.id);
    }
  }

  #joins({ spec: { id, resources, priority }, state }: Actor): void {
    const want: Want = { kind: 'actor', bundles: [resources], needsEngine: null };
    const { cpuMilli, memoryBytes, gpuMilli } = resources;
    this.#line.add({ id, priority, since: state.since, likeness: `actor ${cpuMilli} ${memoryBytes} ${gpuMilli}`, wantNow: () => want });
    this.#reasons.joined();
    // After a pause there is no turn that would be noticed.
    this.#touch();
  }

  #jobChanged(before: JobRecord | undefined, after: JobRecord | undefined): void {
    if (before !== undefined && holdsLeases(before) && !(after !== undefined && holdsLeases(after))) this.#isDirty = true;
    const isQueued = after !== undefined && waitsForPlace(after);
    if (isQueued === (before !== undefined && waitsForPlace(before))) return;
    if (before !== undefined && !isQueued) this.#leaves(before.job.id);
    const entry = after === undefined ? null : catalogEntry(after.job.request.modelId);
    if (after === undefined || !isQueued || entry === null) return;
    const { id, createdAt, request } = after.job;
    const wantNow = (): Want => {
      const { loop, clock, timers } = this.options;
      const nodes = [...loop.state.nodes.decided()].map((node) => node.entry);
      const want = wantOf(after, entry, nodes, { now: clock.wallMs(), lateNodesMs: timers.lateNodesMs });
      return want ?? { kind: 'job', bundles: [], needsEngine: entry.engine };
    };
    this.#line.add({ id, priority: request.priority, since: createdAt, likeness: likenessOf(after), wantNow });
    this.#reasons.joined();
    this.#isDirty = true;
  }

  #leaves(id: string): void {
    if (this.#line.remove(id) && !this.#isOwnTurn) this.#isDirty = true;
  }

  #clear(kind: Want['kind']): void {
    this.#line.clear(kind);
    if (kind === 'actor') this.#restarts.close();
    this.#reasons.clear();
    this.#isDirty = true;
  }

  async #run(): Promise<void> {
    while (this.#isDirty && this.options.loop.isRunning) {
      this.#isDirty = false;
      this.#isOwnTurn = true;
      // A failed commit suspends the loop; when it resumes everything is planned anew.
      const committed = this.options.loop.turn((turn) => this.#plan(turn)).catch((error: unknown) => this.#failed(error));
      this.#isOwnTurn = false;
      await committed;
    }
    this.#isPlanning = false;
  }

  #failed(error: unknown): void {
    if (error instanceof StoreUnavailableError || error instanceof FencedError) return;
    this.options.logger.error('a plan could not be made', { error });
  }

  #plan(turn: Turn): void {
    const { loop, clock, timers } = this.options;
    this.#again?.cancel();
    this.#again = null;
    if (this.#line.size === 0) return;
    this.#lookAtNodes(turn.now);
    const nowMs = clock.monotonicMs();
    const nodes = [...loop.state.nodes.decided()].map((node) => node.entry);
    const view = viewOf(nodes, loop.state.held, this.#running.count, (node) => this.#pauses.has(node, nowMs));
    const policy: Policy = {
      maxParallelJobs: this.options.maxParallelJobs,
      patienceMs: timers.patienceMs,
      mostPlacements: MOST_PLACEMENTS,
    };
    const made = plan(view, this.#line.all(), policy, turn.now);
    const isAllExplained = this.#reasons.planned(made);
    for (const placement of made.placements) this.#apply(turn, placement);
    const isAllTold = this.#tell(turn, made.placements);
    // The next turn goes on: what came in meanwhile has its turn before it.
    if (made.isCut || !isAllExplained || !isAllTold) this.#isDirty = true;
    this.#lookAgain(nowMs, made.placements.length);
  }

  #lookAtNodes(now: Millis): void {
    if (!this.#areNodesNew && now < this.#joinedUntilMs) return;
    this.#areNodesNew = false;
    const { lateNodesMs } = this.options.timers;
    const ends = [...this.options.loop.state.nodes.decided()].map(({ entry }) => entry.since + lateNodesMs).filter((end) => end > now);
    this.#joinedUntilMs = Math.min(...ends, Infinity);
    this.#line.refresh();
    this.#reasons.nodesChanged();
  }

  /** Patience, pauses and the joining of nodes end without an event. */
  #lookAgain(nowMs: Millis, placed: number): void {
    const { clock, timers } = this.options;
    if (this.#line.size <= placed) return;
    const pausedMs = this.#pauses.nextEndMs(nowMs) ?? Infinity;
    const quietMs = this.#quietUntilMs > nowMs ? this.#quietUntilMs - nowMs : Infinity;
    const againMs = Math.min(pausedMs, quietMs, timers.patienceMs, timers.lateNodesMs);
    this.#again = clock.after(againMs, () => this.#touch());
  }

  #apply(turn: Turn, placement: Placement): void {
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

  /** @returns false: there are more to be told now */
  #tell(turn: Turn, placements: readonly Placement[]): boolean {
    // What is told while agents come back would be wrong in a moment.
    if (this.options.clock.monotonicMs() < this.#quietUntilMs) return true;
    const placed = new Set(placements.map(({ demand }) => demand));
    const untold = this.#reasons.untold(MOST_TOLD, (id) => placed.has(id));
    for (const { id, want } of untold) {
      const explanation = this.#reasons.explanationOf(want);
      if (explanation === null) continue;
      if (want.kind === 'job') turn.stepJob(id as JobId, { kind: 'pending-reason', text: explainText(explanation) });
      else this.#tellActor(turn, id as ActorId, explanation);
    }
    return untold.length < MOST_TOLD;
  }

  #tellActor(turn: Turn, id: ActorId, explanation: Explanation): void {
    // One that ran before waits: the node that it fits on may come back.
    if (explanation.verdict === 'waits' || turn.actor(id)?.restarts !== 0) {
      turn.stepActor(id, { kind: 'waits', reason: explainText(explanation) });
      return;
    }
    this.options.onInfeasible(id, new InfeasibleError(explanation));
    turn.stepActor(id, { kind: 'infeasible', explanation });
  }
}

/** Work on the node began, or a process of it ended: its room is not what it was. */
function hasMoved({ state, pid }: Lease): boolean {
  return state === 'starting' || state === 'ready' || (isFinalLease(state) && pid !== null);
}
