import type { IncomingMessage } from 'node:http';
import type { ObjectInfo } from '../object-store.js';

/** An etag as the store tells it: HTTP puts it between quotes, some servers' XML too. */
export function bareEtag(etag: string | undefined): string {
  return (etag ?? '').replace(/^"|"$/g, '');
}

/** What the head of an answer tells of its object; of a part of it `bytes` are those of the whole. */
export function infoOf(key: string, { headers }: IncomingMessage): ObjectInfo {
  const { etag, 'last-modified': modified, 'content-length': length, 'content-range': range } = headers;
  return { key, bytes: Number(range?.split('/')[1] ?? length), etag: bareEtag(etag), modifiedAt: Date.parse(modified ?? '') };
}
