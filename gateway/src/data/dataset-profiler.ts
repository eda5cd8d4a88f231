import { Inject, Injectable } from '@nestjs/common';
import { installedActor, type ActorHandle } from '@trainer/client/internal';
import {
  describeCause,
  fromErrorData,
  PROFILER_CLASS,
  PROFILER_MODULE,
  TrainerError,
  type Clock,
  type DeathCause,
  type Profiler,
  type ProfileAnswer,
  type ProfileRequest,
} from '@trainer/model';
import { ActorSession } from '../actors/actor-session.js';
import type { GatewaySettings } from '../config.js';
import { CLOCK, SETTINGS } from '../tokens.js';
import { NoRoomForProfileError, ProfileTimeoutError, ProfileTooLargeError, ProfilerDiedError } from './errors.js';

const PROFILER = installedActor<Profiler, [ProfileRequest]>(PROFILER_CLASS, PROFILER_MODULE);

/** A person waits for the answer, while a training takes minutes: it goes before those that wait, which have 50. */
const PRIORITY = 80;
/** Of any table: the process has 60 MiB without one, and one of 60 MB with two columns of a million texts was read in 650 MiB. */
const LEAST_BYTES = 512 * 2 ** 20;
/** Columns as numbers and what is read beside them, for each byte of the file; where it takes more, a second actor gets all there is. */
const BYTES_PER_FILE_BYTE = 4;

/** What becomes of a profile that may be answered. */
export type SettledProfile = Extract<ProfileAnswer, { kind: 'profile' | 'refused' | 'changed' }>;

/** Has datasets looked at by an actor each, as the gateway reads no tables. */
@Injectable()
export class DatasetProfiler {
  constructor(
    private readonly session: ActorSession,
    @Inject(SETTINGS) private readonly settings: GatewaySettings,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * One actor answers; a second one is asked where the first died, or had too little memory. All within the limit of time.
   * @param fileBytes of the dataset as it is stored
   * @throws NoRoomForProfileError, ProfileTooLargeError, ProfilerDiedError, ProfileTimeoutError, CallCancelledError
   */
  async ask(request: Omit<ProfileRequest, 'memoryBytes'>, fileBytes: number, cancelled: AbortSignal): Promise<SettledProfile> {
    const { withinMs, memoryBytes: most } = this.settings.profile;
    const deadline = this.clock.monotonicMs() + withinMs;
    let memoryBytes = Math.min(most, LEAST_BYTES + BYTES_PER_FILE_BYTE * fileBytes);
    let hasDied = false;
    for (;;) {
      const answer = await this.#once({ ...request, memoryBytes }, deadline, cancelled);
      if (answer.kind === 'failed') throw fromErrorData(answer.error);
      if (answer.kind === 'died') {
        const cause = answer.cause === null ? 'its session was given up, or nobody knows' : describeCause(answer.cause);
        if (hasDied) throw new ProfilerDiedError(cause);
        hasDied = true;
      } else if (answer.kind === 'needs-memory') {
        if (memoryBytes >= most) throw new ProfileTooLargeError(answer.what, most);
        memoryBytes = most;
      } else return answer;
    }
  }

  async #once(request: ProfileRequest, deadline: number, signal: AbortSignal): Promise<Answer> {
    const leftMs = (): number => Math.max(1, Math.ceil(deadline - this.clock.monotonicMs()));
    let actor: ActorHandle<Profiler> | null = null;
    try {
      const { memoryBytes: memory } = request;
      actor = await this.session.run((actors) =>
        actors.create(PROFILER, { args: [request], cpu: 1, memory, priority: PRIORITY, timeoutMs: leftMs(), signal }),
      );
      const answer = await actor.with({ timeoutMs: leftMs(), signal }).call.profile();
      if (answer.kind !== 'needs-memory') return answer;
      return { kind: 'needs-memory', what: `A single column of ${answer.rows.toLocaleString('en')} rows takes` };
    } catch (error) {
      return this.#outcomeOf(error, signal);
    } finally {
      if (actor !== null) this.#end(actor);
    }
  }

  /** @throws what no second actor would mend */
  #outcomeOf(error: unknown, signal: AbortSignal): Answer {
    if (!(error instanceof TrainerError)) throw error;
    const { code, facts, message } = error as TrainerError;
    switch (code) {
      case 'actor.died': {
        const cause = (facts['cause'] ?? null) as DeathCause | null;
        return cause?.kind === 'out-of-memory' ? { kind: 'needs-memory', what: 'Reading the table takes' } : { kind: 'died', cause };
      }
      case 'call.cancelled':
        // Not by a caller: the session was given up under it.
        if (!signal.aborted) return { kind: 'died', cause: null };
        throw error;
      case 'placement.infeasible':
        throw new NoRoomForProfileError(`${message} TRAINER_PROFILE_MEMORY is the most that it asks for.`);
      case 'placement.timeout': {
        const { withinMs } = this.settings.profile;
        const reason = facts['reason'];
        throw new NoRoomForProfileError(`${withinMs / 1000} s were not enough. ${typeof reason === 'string' ? reason : 'Try again.'}`);
      }
      case 'call.timeout':
        throw new ProfileTimeoutError(this.settings.profile.withinMs);
      default:
        throw error;
    }
  }

  /** Nobody waits for it. One that can't be ended now ends with the session. */
  #end(actor: ActorHandle<Profiler>): void {
    actor.kill().catch(() => this.session.drop());
  }
}

type Answer =
  | Exclude<ProfileAnswer, { kind: 'needs-memory' }>
  | { readonly kind: 'needs-memory'; readonly what: string }
  | { readonly kind: 'died'; readonly cause: DeathCause | null };
