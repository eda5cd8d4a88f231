import type { Millis } from '@trainer/model';

/** The timers of the head; all scale by one setting, so that tests of faults are quick and run the same code. */
export interface Timers {
  /** An agent that sent no heartbeat for this long takes no placement (design.md section 9). */
  readonly silentMs: Millis;
  /** After a stream closed or fell silent, its actors are lost this much later: they restart elsewhere, soon. */
  readonly actorsLostMs: Millis;
  /** As above for ranks, whose restart costs more than waiting for the incarnation to come back. */
  readonly ranksLostMs: Millis;
  /** A new leader waits this long for known nodes to say hello. */
  readonly knownNodeMs: Millis;
  /** TRAINER_HEADLESS_S: no process lives longer without its head. */
  readonly headlessMs: Millis;
  /** How long one placement request waits for its answer: an agent answers in milliseconds. */
  readonly placeAnswerMs: Millis;
  /** How long an unanswered placement is repeated before its lease is given up: as long as a reservation lives, thrice. */
  readonly placeForMs: Millis;
  /** All ranks of an attempt are ready within it, or the attempt ends. */
  readonly rendezvousMs: Millis;
  /** The end of a rank that its peers lost is waited for so long: as long as a frozen rank or a lost node takes to be noticed, and some more. */
  readonly echoMs: Millis;
  /** A session's actors live on this long after its last stream. */
  readonly sessionGraceMs: Millis;
  /** After a node has joined others may follow, as when a cluster starts: so long a new job waits for all the ranks that it asked for. */
  readonly lateNodesMs: Millis;
  /** Smaller demands may pass a larger one this long. */
  readonly patienceMs: Millis;
  /** So long after a head has read its state nobody is told why it waits: agents say hello within it. */
  readonly reasonQuietMs: Millis;
  /** A node that refused what was planned on it is left alone so long: its next fact often mends the head's picture of it. */
  readonly refusedFirstMs: Millis;
  /** One that refuses again and again is asked this often. */
  readonly refusedLongestMs: Millis;
  /** An upload that stands still for so long is given up. */
  readonly uploadIdleMs: Millis;
  /** Uploaded arguments of an actor wait so long for its create; clients create right after the upload. */
  readonly argsKeptMs: Millis;
  /** A new job waits so long for a look at its dataset: a store that is well answers in milliseconds, a distant one within a second. */
  readonly estimateMs: Millis;
  /** Renewal of the leadership: a third of the 3 s after which a standby takes over. */
  readonly renewMs: Millis;
}

const DESIGNED: Timers = {
  silentMs: 3_000,
  actorsLostMs: 1_500,
  ranksLostMs: 10_000,
  knownNodeMs: 10_000,
  headlessMs: 60_000,
  placeAnswerMs: 2_000,
  placeForMs: 30_000,
  rendezvousMs: 30_000,
  echoMs: 15_000,
  sessionGraceMs: 30_000,
  lateNodesMs: 5_000,
  patienceMs: 60_000,
  reasonQuietMs: 1_000,
  refusedFirstMs: 100,
  refusedLongestMs: 5_000,
  uploadIdleMs: 30_000,
  argsKeptMs: 60_000,
  estimateMs: 5_000,
  renewMs: 1_000,
};

/** @param scale 1: as designed; 0.1: ten times as quick */
export function scaledTimers(scale: (ms: Millis) => Millis, headlessMs: Millis = DESIGNED.headlessMs): Timers {
  const all = { ...DESIGNED, headlessMs };
  return Object.fromEntries(Object.entries(all).map(([name, ms]) => [name, scale(ms)])) as unknown as Timers;
}
