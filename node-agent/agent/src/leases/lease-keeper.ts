import {
  toErrorData,
  type AgentCommand,
  type DeathCause,
  type Fact,
  type FactBody,
  type Grant,
  type HeldLease,
  type LeaseId,
  type LeaseVerdict,
  type Millis,
  type PlaceReply,
  type PlaceRequest,
  type RefusedFact,
  type StartSpec,
  type StreamId,
  type Clock,
} from '@trainer/model';
import type { Outbox, Urgency } from '../facts/outbox.js';
import { admit } from '../ledger/admit.js';
import { advance, disconnected, draining, expire, finish, hear, heldLeases, welcomed, type Ledger } from '../ledger/ledger.js';
import type { SupervisedActor } from '../processes/supervised-actor.js';
import type { SupervisionEvents } from '../processes/supervision.js';

/** A lease whose actor is to be started. */
export interface Launch {
  readonly lease: LeaseId;
  readonly grant: Grant;
  readonly spec: StartSpec;
}

export interface KeeperPorts {
  readonly clock: Clock;
  readonly reservationMs: Millis;
  /** An agent that stood still for so long between two beats counts as silent at its head; its link closes the stream then. */
  readonly silentMs: Millis;
  readonly outbox: Outbox;
  /** Starts the actor's process. Its events come later, except `onStarted`. @throws where there is no process then */
  launch(launch: Launch, events: SupervisionEvents): SupervisedActor;
  /** A line that the lease's process wrote. */
  onLine(lease: LeaseId, line: string, isStderr: boolean): void;
  /** The lease's process is gone, and its resources are free. */
  onGone(lease: LeaseId): void;
  /** There are new facts. */
  onFacts(urgency: Urgency): void;
  /** A newer headEpoch was seen. */
  onHeadEpoch(headEpoch: number): void;
}

/** Runs the ledger's leases: starts, ends and reports on their processes. Every command is idempotent by lease id. */
export class LeaseKeeper {
  readonly #ports: KeeperPorts;
  #ledger: Ledger;
  readonly #actors = new Map<LeaseId, SupervisedActor>();
  #whenEmpty: (() => void)[] = [];
  /** When this agent counts as headless, unless the head is heard; null: no heartbeat was due yet. */
  #ownedUntilMs: Millis | null = null;
  #beatAtMs: Millis | null = null;

  constructor(ledger: Ledger, ports: KeeperPorts) {
    this.#ledger = ledger;
    this.#ports = ports;
  }

  get ledger(): Ledger {
    return this.#ledger;
  }

  get actors(): readonly SupervisedActor[] {
    return [...this.#actors.values()];
  }

  held(): HeldLease[] {
    return heldLeases(this.#ledger);
  }

  place(request: PlaceRequest): PlaceReply {
    const { clock, reservationMs, silentMs, outbox } = this.#ports;
    // An agent that was frozen wakes with requests of a head that counts what it asked for as lost: the agent says hello first.
    if (this.#beatAtMs !== null && clock.monotonicMs() - this.#beatAtMs >= silentMs) this.disconnected();
    this.#sweep();
    const { ledger, answer, start } = admit(this.#ledger, request, {
      now: clock.monotonicMs(),
      reservationMs,
      isBufferFull: outbox.isFull,
    });
    this.#setLedger(ledger);
    if (start !== null) this.#launch(start);
    return answer;
  }

  /** @returns false for a headEpoch older than the newest seen */
  hears(headEpoch: number): boolean {
    const heard = hear(this.#ledger, headEpoch);
    if (heard !== null) this.#setLedger(heard);
    return heard !== null;
  }

  welcomed(stream: StreamId, lowWater: LeaseId, verdicts: readonly LeaseVerdict[]): void {
    this.#setLedger(welcomed(this.#ledger, stream, lowWater));
    const ending = verdicts.filter(({ verdict }) => verdict === 'end').map(({ lease }) => lease);
    this.#ports.outbox.settle(new Set(ending));
    for (const lease of ending) this.#release(lease, { kind: 'released' });
  }

  disconnected(): void {
    this.#setLedger(disconnected(this.#ledger));
  }

  command(command: AgentCommand): void {
    switch (command.kind) {
      case 'begin':
        this.#actors.get(command.lease)?.begin(command.begin);
        return;
      case 'stop':
        this.#stop(command.lease, command.cause);
        return;
      case 'release':
        this.#release(command.lease, command.cause);
    }
  }

  acknowledged(storedFact: number, refused: readonly RefusedFact[]): void {
    for (const { lease, why } of this.#ports.outbox.acknowledge(storedFact, refused))
      this.#actors.get(lease)?.kill({ kind: 'fact-refused', why });
  }

  takeFacts(): Fact[] {
    return this.#ports.outbox.take();
  }

  /** A heartbeat is due: this agent does not stand still. */
  beat(): void {
    this.#beatAtMs = this.#ports.clock.monotonicMs();
    this.#sweep();
  }

  /** Frees reservations that were not started in time. */
  #sweep(): void {
    const { ledger, expired } = expire(this.#ledger, this.#ports.clock.monotonicMs());
    this.#setLedger(ledger);
    for (const lease of expired)
      this.#report(lease, { kind: 'ended', cause: { kind: 'reservation-expired', afterMs: this.#ports.reservationMs } });
  }

  /** Takes nothing new and asks every process to end; resolves when none is left. */
  endAll(cause: DeathCause, how: 'stop' | 'kill'): Promise<void> {
    for (const { lease, state } of this.held()) {
      if (state === 'reserved') this.#release(lease, cause);
      else if (how === 'stop') this.#stop(lease, cause);
      else this.#actors.get(lease)?.kill(cause);
    }
    if (this.#actors.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  /** Tells every process how long it may live unless the head is heard, also those that start before this is said again. */
  owned(leftMs: Millis): void {
    this.#ownedUntilMs = this.#ports.clock.monotonicMs() + leftMs;
    for (const actor of this.#actors.values()) actor.owned(leftMs);
  }

  drain(): void {
    this.#setLedger(draining(this.#ledger));
  }

  #stop(lease: LeaseId, cause: DeathCause): void {
    const actor = this.#actors.get(lease);
    // Without a process there is nothing to ask.
    if (actor === undefined) this.#release(lease, cause);
    else {
      this.#setLedger(advance(this.#ledger, lease, 'stopping'));
      actor.stop(cause);
    }
  }

  #release(lease: LeaseId, cause: DeathCause): void {
    const actor = this.#actors.get(lease);
    if (actor !== undefined) {
      this.#setLedger(advance(this.#ledger, lease, 'stopping'));
      actor.kill(cause);
      return;
    }
    const before = this.#ledger;
    this.#setLedger(finish(before, lease));
    // Said once: an id that was over before has said it.
    if (before !== this.#ledger) this.#report(lease, { kind: 'ended', cause });
  }

  #launch(launch: Launch): void {
    const { lease } = launch;
    try {
      this.#supervise(launch);
    } catch (error) {
      // Such as for a full disk: there is no process.
      this.#ended(lease, { kind: 'not-started', error: toErrorData(error) });
    }
  }

  #supervise(launch: Launch): void {
    const { lease } = launch;
    const actor = this.#ports.launch(launch, {
      onStarted: (pid) => this.#report(lease, { kind: 'started', pid }),
      onReady: (address) => {
        this.#setLedger(advance(this.#ledger, lease, 'ready'));
        this.#report(lease, { kind: 'ready', address });
      },
      onReport: (number, report) => this.#reportFor(lease, number, { kind: 'rank', report }),
      onState: (number, state) => this.#reportFor(lease, number, { kind: 'state', state }),
      onLine: (line, isStderr) => this.#ports.onLine(lease, line, isStderr),
      onEnded: (cause) => this.#ended(lease, cause),
    });
    this.#actors.set(lease, actor);
    // This agent may be frozen before its next heartbeat.
    if (this.#ownedUntilMs !== null) actor.owned(Math.max(0, this.#ownedUntilMs - this.#ports.clock.monotonicMs()));
  }

  #ended(lease: LeaseId, cause: DeathCause): void {
    this.#actors.delete(lease);
    this.#setLedger(finish(this.#ledger, lease));
    this.#report(lease, { kind: 'ended', cause });
    this.#ports.onGone(lease);
    if (this.#actors.size === 0) for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  /** A fact that the process made, and waits for. */
  #reportFor(lease: LeaseId, number: number, body: FactBody): void {
    this.#ports.outbox.append(lease, body, (refused) => this.#actors.get(lease)?.reported(number, refused));
    this.#ports.onFacts(body.kind === 'rank' && body.report.kind === 'epoch' ? 'soon' : 'now');
  }

  #report(lease: LeaseId, body: FactBody): void {
    this.#ports.outbox.append(lease, body);
    this.#ports.onFacts('now');
  }

  #setLedger(ledger: Ledger): void {
    const before = this.#ledger.newestHeadEpoch;
    this.#ledger = ledger;
    if (ledger.newestHeadEpoch > before) this.#ports.onHeadEpoch(ledger.newestHeadEpoch);
  }
}
