import type { Clock, Millis } from '@trainer/model';
import { MessagesUnavailableError, type Messages, type Subscription } from './messages.js';
import { deferred } from './deferred.js';

type Handler = (bytes: Uint8Array, subject: string) => void;
type Server = (bytes: Uint8Array) => Promise<Uint8Array>;

/** A NATS in memory, for tests. */
export interface MemoryBroker {
  /** Another connection to it. */
  connect(): Messages;
  /** Takes the server away, or gives it back, for all connections. */
  setUp(isUp: boolean): void;
}

export function memoryBroker(clock: Clock): MemoryBroker {
  const handlers = new Set<{ readonly subject: string; readonly handler: Handler }>();
  const servers = new Set<{ readonly subject: string; readonly server: Server }>();
  const listeners = new Set<(isConnected: boolean) => void>();
  let isUp = true;
  const add = <T>(set: Set<T>, item: T): Subscription => {
    set.add(item);
    return { close: () => void set.delete(item) };
  };

  const publish = (subject: string, bytes: Uint8Array): void => {
    for (const { subject: pattern, handler } of [...handlers]) if (matches(pattern, subject)) handler(bytes, subject);
  };

  const request = async (subject: string, bytes: Uint8Array, timeoutMs: Millis): Promise<Uint8Array> => {
    const found = [...servers].find((server) => server.subject === subject);
    if (!found) throw new MessagesUnavailableError(subject, 'no-responders');
    const answer = deferred<Uint8Array>();
    const timer = clock.after(timeoutMs, () => answer.reject(new MessagesUnavailableError(subject, 'timeout')));
    found.server(bytes).then(
      (reply) => {
        if (isUp) answer.resolve(reply);
      },
      () => undefined,
    );
    return answer.promise.finally(() => timer.cancel());
  };

  const connect = (): Messages => {
    const own: Subscription[] = [];
    const keep = (subscription: Subscription): Subscription => {
      own.push(subscription);
      return subscription;
    };
    let isClosed = false;
    const isConnected = (): boolean => isUp && !isClosed;
    return {
      get isConnected() {
        return isConnected();
      },
      onChange: (listener) => keep(add(listeners, listener)),
      publish: (subject, bytes) => {
        if (!isConnected()) return false;
        queueMicrotask(() => publish(subject, bytes));
        return true;
      },
      request: async (subject, bytes, timeoutMs) => {
        if (!isConnected()) throw new MessagesUnavailableError(subject, 'disconnected');
        return request(subject, bytes, timeoutMs);
      },
      serve: (subject, server) => keep(add(servers, { subject, server })),
      subscribe: (subject, handler) => keep(add(handlers, { subject, handler })),
      flush: async () => {
        if (!isConnected()) throw new MessagesUnavailableError('flush', 'disconnected');
      },
      close: async () => {
        isClosed = true;
        for (const subscription of own) subscription.close();
      },
    };
  };

  const setUp = (up: boolean): void => {
    if (isUp === up) return;
    isUp = up;
    for (const listener of [...listeners]) listener(up);
  };
  return { connect, setUp };
}

/** NATS's wildcards: `*` stands for one token, a last `>` for one or more. */
function matches(pattern: string, subject: string): boolean {
  const wanted = pattern.split('.');
  const tokens = subject.split('.');
  if (wanted.at(-1) === '>') return tokens.length >= wanted.length && wanted.slice(0, -1).every((token, i) => token === '*' || token === tokens[i]);
  return wanted.length === tokens.length && wanted.every((token, i) => token === '*' || token === tokens[i]);
}
