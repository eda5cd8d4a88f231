import { windowCost, type TrainerError } from '@trainer/model';
import { encodeValue, type HandleHook } from '@trainer/wire';
import type { ActorCall } from './actor-call.js';
import { TURN_MS, type Turns } from './turns.js';

/** What a generator's call returned. */
export type Iteration = Iterator<unknown> | AsyncIterator<unknown>;

/**
 * Generators and other async iterables are streams; arrays, strings, Maps and the like are values, and so is what can't be read.
 * @throws what making its iterator throws
 */
export function iterationOf(value: unknown): Iteration | null {
  if (typeof value !== 'object' || value === null) return null;
  if (has(value, Symbol.asyncIterator)) return (value as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  return has(value, Symbol.iterator) && has(value, 'next') ? (value as Iterator<unknown>) : null;
}

function has(value: object, method: PropertyKey): boolean {
  try {
    return typeof (value as Record<PropertyKey, unknown>)[method] === 'function';
  } catch {
    return false;
  }
}

/** Runs a generator to its `finally`. Its reader is gone, so that what it throws there is nobody's to hear. */
export async function leave(iteration: Iteration): Promise<void> {
  try {
    await iteration.return?.();
  } catch {
    // Ended all the same.
  }
}

/**
 * Sends a generator's values as far as its reader has room for them, until its end or until the call is settled otherwise. One
 * that waits for nothing still lets the event loop come round, so that its items leave and credit and cancels come in.
 * @param refuse settles the call with why a value can't be sent
 * @throws what the generator throws
 */
export async function pump(
  call: ActorCall,
  iteration: Iteration,
  turns: Turns,
  handles: HandleHook,
  refuse: (error: TrainerError) => void,
): Promise<void> {
  let left: Promise<void> | null = null;
  const leaveOnce = (): Promise<void> => (left ??= leave(iteration));
  // At once, not at its next value: an iterator that waits for an event may have none any more.
  call.whenSettled = () => void leaveOnce();
  try {
    let turnStartedMs = turns.monotonicMs();
    for (;;) {
      if (turns.monotonicMs() - turnStartedMs > TURN_MS) {
        await new Promise<void>((resolve) => turns.later(resolve));
        turnStartedMs = turns.monotonicMs();
      }
      // Settled by a cancel or a deadline: the generator's own finally blocks run before the next call.
      if (call.phase === 'settled') {
        await leaveOnce();
        return;
      }
      if (call.creditBytes <= 0) {
        await woken(call);
        continue;
      }
      const next = await iteration.next();
      if (next.done === true) return;
      const item = await next.value;
      let value: Buffer;
      try {
        value = encodeValue(item, { at: 'item', handles });
      } catch (error) {
        refuse(error as TrainerError);
        continue;
      }
      while ((call.phase as string) !== 'settled' && !call.taker.item(call, value)) await woken(call);
      call.creditBytes -= windowCost(value.length);
      call.hasItems = true;
    }
  } finally {
    call.whenSettled = null;
  }
}

function woken(call: ActorCall): Promise<void> {
  return new Promise((resolve) => {
    call.wake = () => {
      call.wake = null;
      resolve();
    };
  });
}
