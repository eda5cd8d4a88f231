/** A request to an S3 server that is signed by somebody who has the password, for somebody who has not. */
export interface SignedRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly bucket: string;
  readonly key: string;
  /** Parameters of an upload in parts; no other. */
  readonly query: Readonly<Record<string, string>>;
}

/** What the request may do to the object: an upload in parts is a write. */
export function accessOf({ method, query }: SignedRequest): 'read' | 'write' | null {
  const names = Object.keys(query).sort().join();
  switch (method) {
    case 'GET':
    case 'HEAD':
      return names === '' ? 'read' : null;
    case 'PUT':
      return names === '' || names === 'partNumber,uploadId' ? 'write' : null;
    case 'POST':
      return names === 'uploads' || names === 'uploadId' ? 'write' : null;
    case 'DELETE':
      return names === 'uploadId' ? 'write' : null;
  }
}
