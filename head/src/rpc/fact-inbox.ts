import { TrainerError } from '@trainer/model';
import type { Fact } from '@trainer/model';

export interface FactInboxOptions {
  /** Stores a slice. */
  readonly deal: (facts: readonly Fact[]) => Promise<void>;
  /** Waits for the next slice's turn. */
  readonly nextRound: () => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** More facts came than an agent may have under way. */
export class TooManyFactsError extends TrainerError<'request.invalid', { limit: number }> {
  constructor() {
    super('request.invalid', 'More facts are under way than 1 MiB has; an agent waits for their acknowledgement.', { limit: MAX_WAITING });
  }
}

/** About so many bytes of facts are stored in one turn: it takes some milliseconds of the head's thread. */
const SLICE = 64 * 1024;
/** What a fact costs beside what its bytes do: 1 MiB of the smallest are 10,000 and more. */
const EACH = 512;
const EACH_METRIC = 64;
/** An agent has at most 1 MiB under way; so much of it, with what each fact costs, is never waiting unless it breaks that rule. */
const MAX_WAITING = 64 * 2 ** 20;

/**
 * The facts of one stream, dealt with in their order, one slice after the other: after an outage all agents send what they kept at once.
 * What comes while a slice is being stored goes together in the next.
 */
export class FactInbox {
  #waiting: Fact[] = [];
  #weight = 0;
  #isWorking = false;

  constructor(private readonly options: FactInboxOptions) {}

  add(facts: readonly Fact[]): void {
    for (const fact of facts) {
      this.#waiting.push(fact);
      this.#weight += weightOf(fact);
    }
    if (this.#weight > MAX_WAITING) {
      this.clear();
      this.options.onError(new TooManyFactsError());
    } else if (!this.#isWorking) void this.#work();
  }

  /** Forgets what waits: the agent tells it again on its next stream. */
  clear(): void {
    this.#waiting = [];
    this.#weight = 0;
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    try {
      while (this.#waiting.length > 0) {
        await this.options.deal(this.#take());
        if (this.#waiting.length > 0) await this.options.nextRound();
      }
    } catch (error) {
      this.clear();
      this.options.onError(error);
    } finally {
      this.#isWorking = false;
    }
  }

  #take(): readonly Fact[] {
    let [count, weight] = [0, 0];
    for (const fact of this.#waiting) {
      const more = weightOf(fact);
      if (count > 0 && weight + more > SLICE) break;
      weight += more;
      count += 1;
    }
    this.#weight -= weight;
    const slice = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    return slice;
  }
}

function weightOf({ body }: Fact): number {
  if (body.kind === 'state') return EACH + (body.state.kind === 'inline' ? body.state.bytes.length : 0);
  if (body.kind !== 'rank' || body.report.kind !== 'epoch') return EACH;
  return EACH + EACH_METRIC * Object.keys(body.report.metrics.additional).length;
}
