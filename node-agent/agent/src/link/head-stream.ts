import type { FromAgent, ToAgent } from '@trainer/model';

/** One stream to a head, in model types. Messages keep their order; a stream that ends gives none back. */
export interface HeadStream {
  /** @returns false when the connection's buffers are full: wait for `onDrain` before more facts. */
  send(message: FromAgent): boolean;
  /** Idempotent. */
  close(): void;
}

export interface HeadStreamEvents {
  onMessage(message: ToAgent): void;
  onDrain(): void;
  /** Once, also after `close`. `why` is for people. */
  onEnd(why: string): void;
}

/** Opens a stream to the head; its events come later, never during the call. */
export type OpenHeadStream = (events: HeadStreamEvents) => HeadStream;
