import type http from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { urlToHttpOptions } from 'node:url';
import { XMLParser } from 'fast-xml-parser';
import type { SignedRequest } from '@trainer/model';
import { ObjectNotFoundError, PreconditionFailedError } from '../errors.js';
import type { ByteSpan, ObjectAccess, ObjectBody, ObjectInfo, ObjectVersion, StoredObject } from '../object-store.js';
import { boundedTransport } from './bounded-transport.js';
import { bareEtag, infoOf } from './object-headers.js';
import { putInParts } from './put-in-parts.js';
import { inWords } from './s3-errors.js';
import type { Sign } from './sign.js';

const parser = new XMLParser({ parseTagValue: false, htmlEntities: true });
/** Codes of answers that have no text, as HEAD's have none. */
const CODES: Readonly<Record<number, string>> = { 403: 'AccessDenied', 404: 'NotFound', 412: 'PreconditionFailed' };

type Asked = Omit<SignedRequest, 'query'> & { readonly query?: SignedRequest['query'] };
interface Sent {
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: Buffer;
}

/** An answer of the server that is an error, by S3's code. */
class RefusedError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** Objects on an S3 server for a process that has no password: each request is signed by whoever has. @param silentMs as `S3Config` has it */
export function openSignedStore(sign: Sign, silentMs: number): ObjectAccess {
  return new SignedStore(sign, silentMs);
}

class SignedStore implements ObjectAccess {
  constructor(
    private readonly sign: Sign,
    private readonly silentMs: number,
  ) {}

  async put(bucket: string, key: string, body: ObjectBody): Promise<ObjectVersion> {
    const object = { bucket, key };
    const stored = await putInParts(body, {
      whole: async (bytes) => etagOf(await this.#said({ method: 'PUT', ...object }, { body: bytes })),
      begin: async () => {
        const { xml } = await this.#said({ method: 'POST', ...object, query: { uploads: '' } });
        return String(xml.InitiateMultipartUploadResult?.['UploadId']);
      },
      part: async (uploadId, number, bytes) =>
        etagOf(await this.#said({ method: 'PUT', ...object, query: { partNumber: String(number), uploadId } }, { body: bytes })),
      complete: async (uploadId, etags) => {
        const parts = etags.map((etag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>"${etag}"</ETag></Part>`).join('');
        const sent = { body: Buffer.from(`<CompleteMultipartUpload>${parts}</CompleteMultipartUpload>`) };
        const { xml } = await this.#said({ method: 'POST', ...object, query: { uploadId } }, sent);
        return bareEtag(xml.CompleteMultipartUploadResult?.['ETag']);
      },
      abort: async (uploadId) => void (await this.#said({ method: 'DELETE', ...object, query: { uploadId } })),
    });
    return { key, ...stored };
  }

  async get(bucket: string, key: string, options: { range?: ByteSpan; ifMatch?: string } = {}): Promise<StoredObject> {
    const headers = {
      ...(options.range === undefined ? {} : { Range: `bytes=${options.range.first}-${options.range.last}` }),
      ...(options.ifMatch === undefined ? {} : { 'If-Match': `"${options.ifMatch}"` }),
    };
    const answer = await this.#asked({ method: 'GET', bucket, key }, { headers });
    return { ...infoOf(key, answer), stream: Readable.from(this.#read(bucket, key, answer), { objectMode: false }) };
  }

  async stat(bucket: string, key: string): Promise<ObjectInfo | null> {
    try {
      const answer = await this.#asked({ method: 'HEAD', bucket, key });
      answer.resume();
      return infoOf(key, answer);
    } catch (error) {
      if (error instanceof ObjectNotFoundError) return null;
      throw error;
    }
  }

  /** The answer with its text, which is XML or nothing; S3 may say that it failed after it has said that it did not. */
  async #said(
    request: Asked,
    sent: Sent = {},
  ): Promise<{ answer: http.IncomingMessage; xml: Record<string, Record<string, string> | undefined> }> {
    const answer = await this.#asked(request, sent);
    return this.#translated(request, async () => {
      const xml = parser.parse(await text(answer)) as Record<string, Record<string, string> | undefined>;
      if (xml['Error'] !== undefined) throw new RefusedError(xml['Error']['Code'] ?? '', xml['Error']['Message'] ?? 'it failed');
      return { answer, xml };
    });
  }

  async #asked(request: Asked, sent: Sent = {}): Promise<http.IncomingMessage> {
    const url = new URL(await this.sign({ query: {}, ...request }));
    return this.#translated(request, async () => {
      const answer = await this.#exchanged(url, request.method, sent);
      const status = answer.statusCode ?? 0;
      if (status >= 200 && status < 300) return answer;
      const { Error: said } = parser.parse(await text(answer)) as { Error?: { Code?: string; Message?: string } };
      throw new RefusedError(said?.Code ?? CODES[status] ?? '', said?.Message ?? `it answered ${status}`);
    });
  }

  #exchanged(url: URL, method: string, { headers, body }: Sent): Promise<http.IncomingMessage> {
    return new Promise((resolve, reject) => {
      const { request } = boundedTransport(url.protocol === 'https:', this.silentMs);
      const length = method === 'PUT' || method === 'POST' ? { 'Content-Length': body?.length ?? 0 } : {};
      const asked = request({ ...urlToHttpOptions(url), method, headers: { ...headers, ...length } }, resolve);
      asked.on('error', reject);
      asked.end(body);
    });
  }

  async *#read(bucket: string, key: string, answer: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    try {
      yield* answer;
    } catch (error) {
      throw inWords(error, { endpoint: 'the S3 server', bucket, key });
    }
  }

  async #translated<T>({ bucket, key }: Asked, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if ((error as { code?: unknown }).code === 'PreconditionFailed') throw new PreconditionFailedError(bucket, key);
      throw inWords(error, { endpoint: 'the S3 server', bucket, key });
    }
  }
}

function etagOf({ answer }: { answer: http.IncomingMessage }): string {
  return bareEtag(answer.headers.etag);
}
