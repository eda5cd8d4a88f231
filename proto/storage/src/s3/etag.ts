/** An etag as the store tells it: HTTP puts it between quotes, some servers' XML too. */
export function bareEtag(etag: string | undefined): string {
  return (etag ?? '').replace(/^"|"$/g, '');
}
