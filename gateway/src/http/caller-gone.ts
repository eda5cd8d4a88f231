import type { FastifyReply } from 'fastify';

/** Fires when the caller's connection ends before it has its answer. */
export function callerGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  if (reply.raw.destroyed) gone.abort();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  return gone.signal;
}

/** Resolves when the signal fires, if it has not; `release` ends the waiting. */
export function whenAborted(signal: AbortSignal): { readonly promise: Promise<void>; release(): void } {
  let release = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    const fire = (): void => resolve();
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', fire, { once: true });
    release = () => signal.removeEventListener('abort', fire);
  });
  return { promise, release: () => release() };
}
