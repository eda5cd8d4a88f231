import type { Clock, Millis, Timer } from '@trainer/model';
import type { MemoryReader } from './memory-use.js';
import type { SupervisedActor } from './supervised-actor.js';

/** Looks at all actors' memory and ranks' beats every `everyMs`. @returns what ends the watch */
export function watchActors(
  ports: { clock: Clock; everyMs: Millis; memory: MemoryReader },
  actors: () => readonly SupervisedActor[],
): Timer {
  const { clock, everyMs, memory } = ports;
  let timer: Timer;
  let lastMs = clock.monotonicMs();
  const look = (): void => {
    timer = clock.after(everyMs, look);
    const now = clock.monotonicMs();
    const hasStalled = now - lastMs > 3 * everyMs;
    lastMs = now;
    for (const actor of actors()) {
      if (actor.pid !== null && actor.memoryLimitBytes > 0) actor.measured(memory.residentBytes(actor.pid));
      actor.checkBeat(now, hasStalled);
    }
  };
  timer = clock.after(everyMs, look);
  return { cancel: () => timer.cancel() };
}
