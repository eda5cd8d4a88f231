import type { Millis } from '@trainer/model';
import { timeScale } from '@trainer/runtime';

/** The agent's deadlines and intervals, scaled together. */
export interface Timing {
  /** Between two heartbeats; three missed ones make an agent silent (design.md section 9). */
  readonly heartbeatMs: Millis;
  /** Silence after which the head counts as lost and is tried anew. */
  readonly headSilentMs: Millis;
  /** A head that does not answer a hello by then is left, where there are others: a frozen one takes connections and says nothing. */
  readonly headAnswerMs: Millis;
  readonly headlessMs: Millis;
  readonly reconnectMs: Millis;
  /** Scores of epochs are sent so far apart: as live as a person sees, and one commit of the head's for many epochs. */
  readonly scoresApartMs: Millis;
  /** A reservation that is not started by then frees itself. */
  readonly reservationMs: Millis;
  /** From the start of a process to its ready; long, as constructors of users may load data. */
  readonly startMs: Millis;
  /** Rungs of the stop ladder: after the request, and after SIGTERM. */
  readonly stopAskedMs: Millis;
  readonly stopTermMs: Millis;
  /** A rank whose main loop is silent for so long is frozen. */
  readonly livenessMs: Millis;
  /** A step of a rank's work may take so long whatever the steps before it took. */
  readonly progressLeastMs: Millis;
  readonly beatMs: Millis;
  readonly memoryPollMs: Millis;
  readonly answersKeptMs: Millis;
  /** How often a log's newest lines are stored. */
  readonly logFlushMs: Millis;
}

export function timing(factor: number, headlessMs: Millis): Timing {
  const scale = timeScale(factor);
  const scaled = (ms: Millis): Millis => scale.scaled(ms);
  return {
    heartbeatMs: scaled(1_000),
    headSilentMs: scaled(3_000),
    headAnswerMs: scaled(1_000),
    headlessMs: scaled(headlessMs),
    reconnectMs: scaled(100),
    scoresApartMs: scaled(50),
    reservationMs: scaled(10_000),
    startMs: Math.max(10_000, scaled(60_000)),
    stopAskedMs: scaled(3_000),
    stopTermMs: scaled(1_000),
    livenessMs: scaled(10_000),
    progressLeastMs: Math.max(60_000, scaled(600_000)),
    beatMs: scaled(1_000),
    memoryPollMs: scaled(500),
    answersKeptMs: scaled(30_000),
    logFlushMs: scaled(2_000),
  };
}
