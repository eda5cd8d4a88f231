import http from 'node:http';
import https from 'node:https';
import type * as Minio from 'minio';
import { boundedTransport } from './bounded-transport.js';
import { PART_BYTES } from './put-in-parts.js';

/** An S3 server, and who asks it. */
export interface S3Config {
  readonly kind: 's3';
  /** http(s)://host:port */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** How long a connection may be silent before what is asked over it fails. */
  readonly silentMs: number;
}

/** Of one process: uploads, downloads, and the short requests beside them. */
const MOST_CONNECTIONS = 64;

/** @returns MinIO's client of the server, and its module; loaded where it is used alone, as that takes tens of milliseconds. */
export async function openClient(config: S3Config): Promise<{ readonly client: Minio.Client; readonly minio: typeof Minio }> {
  const minio = await import('minio');
  const { hostname, port, protocol } = new URL(config.endpoint);
  const isSecure = protocol === 'https:';
  const client = new minio.Client({
    endPoint: hostname,
    ...(port === '' ? {} : { port: Number(port) }),
    useSSL: isSecure,
    region: config.region,
    accessKey: config.accessKey,
    secretKey: config.secretKey,
    partSize: PART_BYTES,
    transport: boundedTransport(isSecure, config.silentMs),
    transportAgent: new (isSecure ? https : http).Agent({ keepAlive: true, maxSockets: MOST_CONNECTIONS }),
    // Whoever asks knows better whether to try again.
    retryOptions: { disableRetry: true },
  });
  return { client, minio };
}
