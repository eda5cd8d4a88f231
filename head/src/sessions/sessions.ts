import { LIMITS, TrainerError } from '@trainer/model';
import type { Actor, Clock, SessionId, Timer } from '@trainer/model';
import { afterAwake } from '../loop/awake-timer.js';
import type { ClusterLoop, LoopListener } from '../loop/cluster-loop.js';
import type { Timers } from '../loop/settings.js';
import type { Turn } from '../loop/turn.js';

/** The session was closed, or its client was away for longer than its grace: its actors are ended. Open another one. */
export class SessionEndedError extends TrainerError<'session.ended', { session: string }> {
  constructor(session: SessionId) {
    super('session.ended', `Session ${session} has ended, and its actors with it; connect again.`, { session });
  }
}

/** An actor is created in a session that its client holds open. */
export class SessionUnknownError extends TrainerError<'session.unknown', { session: string }> {
  constructor(session: string) {
    super('session.unknown', `Session '${session}' is not open; attach it first, and hold it.`, { session });
  }
}

/** Each session costs a stream and heartbeats. */
class TooManySessionsError extends TrainerError<'queue.full', { limit: number }> {
  constructor() {
    const limit = LIMITS.sessions;
    super('queue.full', `${limit} sessions are open at this head already; close some, and connect again.`, { limit }, 'same');
  }
}

export interface SessionsOptions {
  readonly loop: ClusterLoop;
  readonly timers: Timers;
  readonly clock: Clock;
  readonly wasEnded: (session: SessionId) => Promise<boolean>;
}

/**
 * Clients' sessions: each is held open by a stream, outlives reconnects within its grace, and takes its actors with it.
 *
 *   E1. The grace runs only while a client could be heard: it begins anew with each head, and after each suspension.
 *   E2. Streams outlive a suspension; none is asked to attach again.
 */
export class Sessions implements LoopListener {
  readonly name = 'sessions';
  readonly #attached = new Map<SessionId, number>();
  readonly #graces = new Map<SessionId, Timer>();
  /** Their actors are being ended, over several turns. */
  readonly #ending = new Set<SessionId>();

  constructor(private readonly options: SessionsOptions) {}

  /** @returns once the session is stored. @throws SessionEndedError */
  async attach(session: SessionId): Promise<void> {
    // Heard within the grace is heard, however long the database takes for it.
    this.#hold(session);
    try {
      if (this.#ending.has(session)) throw new SessionEndedError(session);
      const isKnown = this.options.loop.state.sessions.get(session) !== undefined;
      if (!isKnown && this.#attached.size + this.#graces.size > LIMITS.sessions) throw new TooManySessionsError();
      if (!isKnown && (await this.options.wasEnded(session))) throw new SessionEndedError(session);
      await this.options.loop.turn((turn) => {
        const known = turn.session(session);
        if (known?.state === 'ended') throw new SessionEndedError(session);
        if (known === undefined) turn.putSession({ id: session, state: 'open', since: turn.now });
      });
    } catch (error) {
      this.detach(session);
      throw error;
    }
  }

  #hold(session: SessionId): void {
    this.#graces.get(session)?.cancel();
    this.#graces.delete(session);
    this.#attached.set(session, (this.#attached.get(session) ?? 0) + 1);
  }

  /** A stream of the session is gone; with the last one its grace begins. */
  detach(session: SessionId): void {
    const left = (this.#attached.get(session) ?? 1) - 1;
    if (left > 0) {
      this.#attached.set(session, left);
      return;
    }
    this.#attached.delete(session);
    if (this.options.loop.isRunning) this.#countGrace(session);
  }

  /** The client is done: its actors end now. Idempotent. */
  async end(session: SessionId): Promise<void> {
    this.#graces.get(session)?.cancel();
    this.#graces.delete(session);
    await this.#end(session);
  }

  async #end(session: SessionId): Promise<void> {
    this.#ending.add(session);
    try {
      await this.options.loop.slices((turn) => endSession(turn, session));
    } finally {
      this.#ending.delete(session);
    }
  }

  committed(): void {}

  suspended(): void {
    for (const timer of this.#graces.values()) timer.cancel();
    this.#graces.clear();
  }

  resumed(): void {
    for (const { id } of this.options.loop.state.sessions.committed()) if (!this.#attached.has(id)) this.#countGrace(id);
  }

  #countGrace(session: SessionId): void {
    if (this.#graces.has(session) || this.options.loop.state.sessions.get(session) === undefined) return;
    const timer = afterAwake(this.options.clock, this.options.timers.sessionGraceMs, () => {
      this.#graces.delete(session);
      // Where it fails the head is suspended, and counts the grace anew.
      this.#end(session).catch(() => undefined);
    });
    this.#graces.set(session, timer);
  }
}

/** So many actors end in one turn: some milliseconds of work. */
const MOST_ENDED = 200;

/** The session ends with the last of its actors, so that whoever follows this head goes on with them. @returns false: there are more */
function endSession(turn: Turn, session: SessionId): boolean {
  const known = turn.session(session);
  if (known === undefined || known.state === 'ended') return true;
  const going = turn.state.actorsOf.of(session).filter((id) => isWanted(turn.actor(id)));
  for (const id of going.slice(0, MOST_ENDED)) turn.stepActor(id, { kind: 'session-ended', session });
  if (going.length > MOST_ENDED) return false;
  turn.putSession({ ...known, state: 'ended', since: turn.now });
  return true;
}

function isWanted(actor: Actor | undefined): boolean {
  return actor !== undefined && actor.state.at !== 'stopping' && actor.state.at !== 'dead';
}
