import { randomBytes } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** What Node's parser says of a request that it can't read, by its code; anything else is 400. */
const ANSWER_OF: Readonly<Record<string, { readonly status: number; readonly detail: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: 'The request did not come in time; send it again.' },
  HPE_HEADER_OVERFLOW: { status: 431, detail: 'The headers are larger than 16 KiB; send smaller ones.' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, detail: 'The extensions of a chunk are larger than 16 KiB; send none.' },
};

/** Node answers other expectations than 100-continue by itself, with nothing: to be registered for its event `checkExpectation`. */
export function answerExpectation(request: IncomingMessage, response: ServerResponse): void {
  const detail = `Expect: ${String(request.headers.expect).slice(0, 100)} can't be met; leave the header out.`;
  response
    .writeHead(417, {
      'Content-Type': 'application/json; charset=utf-8',
      'X-Request-Id': randomBytes(8).toString('hex'),
      Connection: 'close',
    })
    .end(JSON.stringify({ detail }));
}

/** Answers what never became a request: it passes no hook and no filter. The connection ends with it. */
export function answerParserProblem(error: Error & { code?: string; reason?: string }, socket: Socket): void {
  // Half of an answer may be out already; a second one would look like its rest.
  const { _httpMessage: answer } = socket as Socket & { _httpMessage?: { headersSent: boolean } | null };
  if (error.code === 'ECONNRESET' || !socket.writable || answer?.headersSent === true) {
    socket.destroy();
    return;
  }
  const { status, detail } = ANSWER_OF[error.code ?? ''] ?? {
    status: 400,
    detail: `The request is not HTTP/1.1: ${error.reason ?? error.message}.`,
  };
  const body = JSON.stringify({ detail });
  socket.write(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${randomBytes(8).toString('hex')}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
  socket.destroySoon();
}
