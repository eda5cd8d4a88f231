import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Clock, Millis } from '@trainer/model';

/*
 * Both ends of a connection prove that they know the attempt's secret, which itself is never sent: each answers the other's random
 * challenge with an HMAC over both challenges and both ranks (the roles differ, so that no answer can be sent back).
 *
 *   caller    magic, own rank, called rank, world size, challenge
 *   listener  challenge, proof as listener
 *   caller    proof as caller
 */
const MAGIC = Buffer.from('TRNRANK1');
const CHALLENGE_BYTES = 32;
const PROOF_BYTES = 32;
const HELLO_BYTES = MAGIC.length + 12 + CHALLENGE_BYTES;

export interface Ends {
  readonly caller: number;
  readonly listener: number;
  readonly worldSize: number;
}

/** The other end is no rank of this attempt, or says nothing. */
export class HandshakeError extends Error {}

export interface HandshakePorts {
  readonly clock: Clock;
  readonly secret: string;
  readonly handshakeMs: Millis;
}

/** Introduces this rank; afterwards frames may be written. @throws HandshakeError */
export async function introduce(socket: Socket, ends: Ends, ports: HandshakePorts): Promise<void> {
  const own = randomBytes(CHALLENGE_BYTES);
  const numbers = numbersOf(ends);
  socket.write(Buffer.concat([MAGIC, numbers, own]));
  const answer = await readExactly(socket, CHALLENGE_BYTES + PROOF_BYTES, ports);
  const theirs = answer.subarray(0, CHALLENGE_BYTES);
  const challenges = Buffer.concat([numbers, own, theirs]);
  if (!timingSafeEqual(answer.subarray(CHALLENGE_BYTES), proof(ports.secret, 'listener', challenges))) {
    throw new HandshakeError(`rank ${ends.listener} does not know the secret of this attempt`);
  }
  socket.write(proof(ports.secret, 'caller', challenges));
}

/** Checks who calls; it must be the rank that is expected. @throws HandshakeError */
export async function receiveCaller(socket: Socket, expected: Ends, ports: HandshakePorts): Promise<void> {
  const hello = await readExactly(socket, HELLO_BYTES, ports);
  const numbers = hello.subarray(MAGIC.length, MAGIC.length + 12);
  if (!hello.subarray(0, MAGIC.length).equals(MAGIC) || !numbers.equals(numbersOf(expected))) {
    throw new HandshakeError(`the caller is not rank ${expected.caller} of ${expected.worldSize}`);
  }
  const own = randomBytes(CHALLENGE_BYTES);
  const challenges = Buffer.concat([numbers, hello.subarray(MAGIC.length + 12), own]);
  socket.write(Buffer.concat([own, proof(ports.secret, 'listener', challenges)]));
  const answer = await readExactly(socket, PROOF_BYTES, ports);
  if (!timingSafeEqual(answer, proof(ports.secret, 'caller', challenges))) {
    throw new HandshakeError(`the caller does not know the secret of this attempt`);
  }
}

function numbersOf({ caller, listener, worldSize }: Ends): Buffer {
  const numbers = Buffer.alloc(12);
  [caller, listener, worldSize].forEach((value, at) => numbers.writeUInt32BE(value, 4 * at));
  return numbers;
}

function proof(secret: string, role: 'caller' | 'listener', challenges: Buffer): Buffer {
  return createHmac('sha256', secret).update(role).update(challenges).digest();
}

/** Reads so many bytes and leaves the rest in the socket. @throws HandshakeError when it ends before, or takes too long */
function readExactly(socket: Socket, bytes: number, { clock, handshakeMs }: HandshakePorts): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settle = (error: HandshakeError | null, read: Buffer | null): void => {
      timer.cancel();
      for (const event of ['end', 'close', 'error']) socket.off(event, onGone);
      socket.off('readable', onReadable);
      if (error !== null) reject(error);
      else if (read !== null) resolve(read);
    };
    const onGone = (): void => settle(new HandshakeError('the connection closed during the handshake'), null);
    const onReadable = (): void => {
      const read = socket.read(bytes) as Buffer | null;
      if (read !== null) settle(read.length === bytes ? null : new HandshakeError('the handshake was cut off'), read);
    };
    const timer = clock.after(handshakeMs, () => settle(new HandshakeError('the handshake took too long'), null));
    for (const event of ['end', 'close', 'error']) socket.on(event, onGone);
    socket.on('readable', onReadable);
    onReadable();
  });
}
