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

/** What a NATS server takes by default; ours is not told otherwise. */
const MAX_MESSAGE_BYTES = 2 ** 20;

/** NATS does not take the message: it is larger than its limit, or its subject is none. Sent again it is refused again. */
export class MessageRefusedError extends TrainerError<'value.too-large' | 'request.invalid', { subject: string; bytes: number }> {}

/** What every adapter checks before it sends. @throws MessageRefusedError */
export function checkMessage(subject: string, { length }: Uint8Array): void {
  if (length > MAX_MESSAGE_BYTES) {
    const why = `${subject}: the message has ${length} bytes; NATS takes up to ${MAX_MESSAGE_BYTES}.`;
    throw new MessageRefusedError('value.too-large', why, { subject, bytes: length });
  }
  if (/^$|\s|^\.|\.$|\.\.|[*>]/.test(subject))
    throw new MessageRefusedError('request.invalid', `'${subject.slice(0, 200)}' is not a subject to send to.`, { subject, bytes: length });
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
  /** Sends to all who listen. @returns false when disconnected: the message is dropped. @throws MessageRefusedError */
  publish(subject: string, bytes: Uint8Array): boolean;
  /** @throws MessagesUnavailableError, MessageRefusedError */
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
