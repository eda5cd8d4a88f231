import type { Actor, DeathCause, Millis } from '@trainer/model';

/** An incarnation that lived this long has worked; what ends it then says nothing about the next one. */
const CALM_MS: Millis = 10_000;
/** A second quick restart waits this long, each further one twice as long as the one before. */
const FIRST_PAUSE_MS: Millis = 100;
/** An actor that dies at once costs the cluster one process in so long at most. */
const LONGEST_PAUSE_MS: Millis = 10_000;

/**
 * May it be started again after this end, which nobody asked for?
 *
 * Whatever ends a process or takes its node counts as a restart: an exit with any code, 0 too, as an actor has no way of its own
 * to say that it is done; a signal; the memory limit; the loss or the end of its agent or node; a refused fact. A constructor
 * that throws, a class that does not load and a start that takes too long are final in an actor that never ran, as its creator
 * is told, and use up a restart in one that did.
 */
export function mayRestart(actor: Actor, cause: DeathCause): boolean {
  const { maxRestarts } = actor.spec;
  return isRestartable(cause, actor.hasRun) && (maxRestarts === -1 || actor.restarts < maxRestarts);
}

function isRestartable(cause: DeathCause, hasRun: boolean): boolean {
  switch (cause.kind) {
    case 'constructor-threw':
    case 'load-failed':
    case 'start-timeout':
      return hasRun;
    case 'not-started':
      return hasRun || cause.error.retry !== 'never';
    case 'killed':
    case 'finished':
      return false;
    case 'exited':
    case 'signal':
    case 'out-of-memory':
    case 'owner-gone':
    case 'node-lost':
    case 'fact-refused':
    case 'broke-protocol':
    case 'released':
    case 'reservation-expired':
      return true;
  }
}

/** @returns how many restarts will have followed each other quickly when it starts again now; the end of a node is none of its own */
export function quickRestartsAfter(actor: Actor, cause: DeathCause, now: Millis): number {
  const { state, quickRestarts } = actor;
  if (cause.kind === 'node-lost' || cause.kind === 'owner-gone' || cause.kind === 'released') return Math.max(1, quickRestarts);
  return state.at === 'alive' && now - state.since >= CALM_MS ? 1 : quickRestarts + 1;
}

/** How long after its end it is started again: at once, unless it was started again a moment ago. */
export function pauseOf(actor: Pick<Actor, 'quickRestarts'>): Millis {
  const { quickRestarts } = actor;
  return quickRestarts <= 1 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (quickRestarts - 2));
}
