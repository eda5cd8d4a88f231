import type { Socket } from 'node:net';
import type { Clock, Millis } from '@trainer/model';
import { deferred, Fifo, type Deferred } from '@trainer/runtime';
import type { LossKind } from './errors.js';
import { encodeHeader, FRAME, FrameReader, MAX_PAYLOAD_BYTES, NO_TAG, type Frame, type Tag } from './frames.js';
import type { GangSettings } from './settings.js';

/** A whole message, as it came. */
export interface Message {
  readonly tag: Tag;
  readonly bytes: Uint8Array;
}

/** How a link ended: `peer` is the rank that is lost, which may be another one that the peer has told of. */
export interface LinkLoss {
  readonly peer: number;
  readonly how: LossKind;
  readonly cause: unknown;
}

/** One connection to a neighbour in the ring, after the handshake: messages there and back, beats, and the news of its end. */
export class PeerLink {
  readonly #reader = new FrameReader();
  readonly #inbox = new Fifo<Message>();
  #inboxBytes = 0;
  #partial: { readonly tag: Tag; readonly bytes: Uint8Array; filled: number } | null = null;
  #waiting: Deferred<Message> | null = null;
  /** Where the receiver that waits would like its message. */
  #target: Uint8Array | null = null;
  #heardMs: Millis;
  #loss: LinkLoss | null = null;
  #hasLeft = false;
  #isLeaving = false;

  /** @param onLoss called once, when the link is no more; not after `leave` */
  constructor(
    readonly peer: number,
    private readonly socket: Socket,
    private readonly settings: GangSettings,
    private readonly clock: Clock,
    private readonly onLoss: (loss: LinkLoss) => void,
  ) {
    this.#heardMs = clock.monotonicMs();
    socket.setNoDelay(true);
    socket.on('error', (error) => this.#lose(this.peer, 'closed', error));
    socket.on('close', () => this.#lose(this.peer, this.#hasLeft ? 'left' : 'closed', null));
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    socket.resume();
  }

  /** Resolves when the bytes are the system's; they must not change before. @throws LinkLostError */
  async send(tag: Tag, bytes: Uint8Array): Promise<void> {
    this.#throwIfLost();
    const written = deferred<void>();
    const onWritten = (error?: Error | null): void => {
      if (error === null || error === undefined) written.resolve();
      else written.reject(new LinkLostError(this.#loss ?? { peer: this.peer, how: 'closed', cause: error }));
    };
    const last = Math.max(0, Math.ceil(bytes.length / MAX_PAYLOAD_BYTES) - 1);
    for (let frame = 0; frame <= last; frame += 1) {
      const offset = frame * MAX_PAYLOAD_BYTES;
      const payload = bytes.subarray(offset, offset + MAX_PAYLOAD_BYTES);
      this.socket.cork();
      this.socket.write(encodeHeader(FRAME.data, tag, payload.length, bytes.length, offset));
      // Frames go out in their order: the last one stands for all.
      this.socket.write(payload, frame === last ? onWritten : undefined);
      this.socket.uncork();
    }
    await written.promise;
  }

  /**
   * The next message; one receiver at a time.
   * @param into memory for it: a message of that length which comes after this call lies in it
   * @throws LinkLostError when there will be none
   */
  receive(into: Uint8Array | null = null): Promise<Message> {
    const message = this.#inbox.shift();
    if (message !== undefined) {
      this.#inboxBytes -= message.bytes.length;
      if (this.socket.isPaused() && this.#inboxBytes <= this.settings.maxUnreadBytes) {
        this.#heardMs = this.clock.monotonicMs();
        this.socket.resume();
      }
      return Promise.resolve(message);
    }
    if (this.#loss !== null) return Promise.reject(new LinkLostError(this.#loss));
    this.#waiting = deferred<Message>();
    this.#target = into;
    return this.#waiting.promise;
  }

  /** Says that we live; and looks whether the peer does. `isWatchFresh`: our own loop stalled, so that nobody can be accused. */
  beat(isWatchFresh: boolean): void {
    if (this.#loss !== null || this.#isLeaving) return;
    const now = this.clock.monotonicMs();
    // What we do not read we can't hear.
    if (isWatchFresh || this.socket.isPaused()) this.#heardMs = now;
    if (now - this.#heardMs > this.settings.silentMs) this.#lose(this.peer, 'silent', null);
    else this.socket.write(encodeHeader(FRAME.beat, NO_TAG, 0, 0, 0));
  }

  /** Tells the neighbour which rank is lost, and closes; who waits for a message of it is told too. */
  abort(loss: LinkLoss): void {
    if (this.#loss !== null) return;
    this.#isLeaving = true;
    this.#loss = loss;
    this.#waiting?.reject(new LinkLostError(loss));
    this.#waiting = null;
    this.socket.end(encodeHeader(FRAME.lost, { ...NO_TAG, part: loss.peer }, 0, 0, 0));
  }

  /** Says goodbye; resolves when that is on its way, or after `leaveMs`. */
  leave(): Promise<void> {
    this.#isLeaving = true;
    const gone = deferred<void>();
    const timer = this.clock.after(this.settings.leaveMs, () => gone.resolve());
    this.socket.once('close', () => gone.resolve());
    this.socket.end(encodeHeader(FRAME.bye, NO_TAG, 0, 0, 0), () => gone.resolve());
    return gone.promise.finally(() => timer.cancel());
  }

  destroy(): void {
    this.#isLeaving = true;
    this.socket.destroy();
  }

  #read(bytes: Buffer): void {
    this.#heardMs = this.clock.monotonicMs();
    try {
      this.#reader.read(bytes, (frame) => this.#onFrame(frame));
    } catch (error) {
      this.#lose(this.peer, 'closed', error);
    }
  }

  #onFrame(frame: Frame): void {
    switch (frame.kind) {
      case FRAME.data:
        this.#append(frame);
        return;
      case FRAME.lost:
        this.#lose(frame.tag.part, 'closed', null);
        return;
      case FRAME.bye:
        this.#hasLeft = true;
        return;
      case FRAME.beat:
    }
  }

  #append({ tag, messageBytes, offset, payload }: Frame): void {
    if (this.#partial === null) {
      if (messageBytes > this.settings.maxMessageBytes) throw new RangeError(`a message of ${messageBytes} bytes`);
      this.#partial = { tag, bytes: this.#target?.length === messageBytes ? this.#target : new Uint8Array(messageBytes), filled: 0 };
      this.#target = null;
    }
    const { bytes, filled } = this.#partial;
    // A gap would leave in the array what was there before.
    if (offset !== filled || messageBytes !== bytes.length)
      throw new RangeError(`a frame at ${offset} of ${messageBytes} bytes; ${filled} was due`);
    bytes.set(payload, offset);
    this.#partial.filled += payload.length;
    if (this.#partial.filled < bytes.length) return;
    const message = this.#partial;
    this.#partial = null;
    if (this.#waiting !== null) {
      this.#target = null;
      this.#waiting.resolve(message);
      this.#waiting = null;
      return;
    }
    this.#inbox.push(message);
    this.#inboxBytes += bytes.length;
    if (this.#inboxBytes > this.settings.maxUnreadBytes) this.socket.pause();
  }

  #lose(peer: number, how: LossKind, cause: unknown): void {
    if (this.#loss !== null) return;
    this.#loss = { peer, how, cause };
    this.#waiting?.reject(new LinkLostError(this.#loss));
    this.#waiting = null;
    this.socket.destroy();
    if (!this.#isLeaving) this.onLoss(this.#loss);
  }

  #throwIfLost(): void {
    if (this.#loss !== null) throw new LinkLostError(this.#loss);
  }
}

/** Of one link; the gang makes a PeerLostError of it. */
export class LinkLostError extends Error {
  constructor(readonly loss: LinkLoss) {
    super(`rank ${loss.peer} is lost: ${loss.how}`);
  }
}
