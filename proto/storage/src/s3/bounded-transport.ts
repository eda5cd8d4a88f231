import http from 'node:http';
import https from 'node:https';
import type { ClientOptions } from 'minio';

type Transport = NonNullable<ClientOptions['transport']>;

/** HTTP whose connections may not be silent for longer than so, unless it is the reader of an answer who is slow. */
export function boundedTransport(isSecure: boolean, silentMs: number): Transport {
  const { request } = isSecure ? https : http;
  const bounded = (options: https.RequestOptions, onAnswer: (answer: http.IncomingMessage) => void): http.ClientRequest => {
    let unread = (): number => 0;
    const asked = request(options, (answer) => {
      unread = () => answer.readableLength;
      onAnswer(answer);
    });
    asked.setTimeout(silentMs);
    asked.on('timeout', () => {
      if (unread() > 0) asked.setTimeout(silentMs);
      else asked.destroy(new Error(`no answer within ${silentMs / 1_000} s`));
    });
    return asked;
  };
  return { request: bounded as Transport['request'] };
}
