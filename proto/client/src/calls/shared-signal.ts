/** Who waits for a signal; on each there is one listener of ours. */
const WAITING = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Runs `then` when the signal fires. All that wait for a signal share one listener on it: Node takes eleven for a leak, and warns,
 * and a program may give one signal to a thousand calls.
 * @param then must not throw
 * @returns ends the waiting; idempotent
 */
export function whenAborted(signal: AbortSignal, then: () => void): () => void {
  const waiting = WAITING.get(signal) ?? begin(signal);
  // A listener of its own for each caller, though two may give the same function.
  const own = (): void => then();
  waiting.add(own);
  return () => void waiting.delete(own);
}

function begin(signal: AbortSignal): Set<() => void> {
  const waiting = new Set<() => void>();
  WAITING.set(signal, waiting);
  const fire = (): void => {
    for (const then of [...waiting]) then();
    waiting.clear();
  };
  signal.addEventListener('abort', fire, { once: true });
  return waiting;
}
