import { TrainerError, type Millis } from '@trainer/model';

/** Why a message did not get through. */
export type MessagesProblem = 'disconnected' | 'no-responders' | 'timeout';

/** A request got no answer; whether it was read is known only for `no-responders`. */
export class MessagesUnavailableError extends TrainerError<'messages.unavailable', { subject: string; problem: MessagesProblem }> {
  constructor(subject: string, problem: MessagesProblem, options?: { cause?: unknown }) {
    const what = { disconnected: 'there is no connection to NATS', 'no-responders': 'nobody listens', timeout: 'no answer came in time' }[
      problem
    ];
    super('messages.unavailable', `${subject}: ${what}.`, { subject, problem }, 'same', options);
  }
}

/** Ends a subscription; idempotent. */
export interface Subscription {
  close(): void;
}

/**
 * Core NATS as Trainer uses it: at most once, nothing is kept while disconnected. Subscriptions outlive reconnects.
 */
export interface Messages {
  readonly isConnected: boolean;
  /** Told at once when the connection comes or goes, not of the state that is. */
  onChange(listener: (isConnected: boolean) => void): Subscription;
  /** Sends to all who listen. @returns false when disconnected: the message is dropped */
  publish(subject: string, bytes: Uint8Array): boolean;
  /** @throws MessagesUnavailableError */
  request(subject: string, bytes: Uint8Array, timeoutMs: Millis): Promise<Uint8Array>;
  /** Answers requests; a handler that throws gives no answer. The handler must bear the same message twice. */
  serve(subject: string, handler: (bytes: Uint8Array) => Promise<Uint8Array>): Subscription;
  /** The subject may have wildcards. The handler runs at once for each message and must be quick. */
  subscribe(subject: string, handler: (bytes: Uint8Array, subject: string) => void): Subscription;
  /** Waits until the server has read what was published. @throws MessagesUnavailableError */
  flush(): Promise<void>;
  /** Sends what is pending, then closes. Idempotent. */
  close(): Promise<void>;
}
