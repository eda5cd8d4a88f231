import type { ObjectBody } from '../object-store.js';

/** The body in parts of exactly `bytes`, and a last one of at most so many; an empty body is one empty part. Holds one part. */
export async function* cutToParts(body: ObjectBody, bytes: number): AsyncGenerator<Buffer, void, undefined> {
  let part: Buffer[] = [];
  let held = 0;
  let count = 0;
  const taken = (): Buffer => {
    const whole = part.length === 1 ? (part[0] as Buffer) : Buffer.concat(part, held);
    [part, held, count] = [[], 0, count + 1];
    return whole;
  };
  for await (const chunk of body instanceof Uint8Array ? [body] : body) {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    while (held + rest.length >= bytes) {
      part.push(rest.subarray(0, bytes - held));
      rest = rest.subarray(bytes - held);
      held = bytes;
      yield taken();
    }
    if (rest.length > 0) part.push(rest);
    held += rest.length;
  }
  if (held > 0 || count === 0) yield taken();
}
