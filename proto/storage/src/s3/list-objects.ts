import { text } from 'node:stream/consumers';
import { XMLParser } from 'fast-xml-parser';
import type { Client } from 'minio';
import type { ObjectInfo } from '../object-store.js';
import { bareEtag } from './object-headers.js';

/** What S3 gives at once at most. */
const MOST_LISTED = 1_000;

export interface ListedPage {
  readonly prefix: string;
  readonly after: string;
  readonly limit: number;
  /** Where the page before ended; null: this is the first. */
  readonly token: string | null;
}

export interface ListedObjects {
  readonly objects: readonly ObjectInfo[];
  /** What goes on after them; null: nothing. */
  readonly token: string | null;
}

const parser = new XMLParser({ parseTagValue: false, trimValues: false, htmlEntities: true, isArray: (name) => name === 'Contents' });

/**
 * One page of ListObjectsV2. The client's own takes every answer for encoded, and knows few of XML's entities: of servers that don't
 * encode, it returned `a b` for `a+b` and `it&#39;s` for `it's`.
 */
export async function listObjects(client: Client, bucket: string, page: ListedPage): Promise<ListedObjects> {
  const asked: Record<string, string> = {
    ...(page.token === null ? {} : { 'continuation-token': page.token }),
    'encoding-type': 'url',
    'list-type': '2',
    'max-keys': String(Math.min(MOST_LISTED, page.limit)),
    prefix: page.prefix,
    ...(page.after === '' ? {} : { 'start-after': page.after }),
  };
  const query = Object.entries(asked)
    .map(([name, value]) => `${name}=${encoded(value)}`)
    .join('&');
  const answer = await client.makeRequestAsync({ method: 'GET', bucketName: bucket, query });
  return parsed(await text(answer));
}

/** @throws Error for what is no such page */
function parsed(xml: string): ListedObjects {
  const { ListBucketResult: page } = parser.parse(xml) as { ListBucketResult?: Page };
  if (typeof page !== 'object' || page === null) throw new Error('its answer is no list of objects');
  const keyOf = (key: string): string => (page.EncodingType === 'url' ? decodeURIComponent(key.replaceAll('+', ' ')) : key);
  return {
    objects: (page.Contents ?? []).map(({ Key, Size, ETag, LastModified }) => ({
      key: keyOf(Key),
      bytes: Number(Size),
      etag: bareEtag(ETag),
      modifiedAt: Date.parse(LastModified),
    })),
    token: page.IsTruncated === 'true' ? (page.NextContinuationToken ?? null) : null,
  };
}

interface Page {
  readonly EncodingType?: string;
  readonly IsTruncated?: string;
  readonly NextContinuationToken?: string;
  readonly Contents?: readonly { readonly Key: string; readonly Size: string; readonly ETag?: string; readonly LastModified: string }[];
}

/** As signatures of version 4 want it. */
function encoded(value: string): string {
  return encodeURIComponent(value).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}
