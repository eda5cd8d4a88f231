import type { Socket } from 'node:net';
import type { Clock, Millis } from '@trainer/model';
import { deferred, Fifo, type Deferred } from '@trainer/runtime';
import type { LossKind } from './errors.js';
import { encodeHeader, FRAME, FrameReader, MAX_PAYLOAD_BYTES, NO_TAG, type Frame, type Tag } from './frames.js';
import type { GangSettings } from './settings.js';
import { storing, type Sink } from './sink.js';

/** A whole message, as it came. */
export interface Message {
  readonly tag: Tag;
  /** null: they went into the receiver's sink. */
  readonly bytes: Uint8Array | null;
}

/** A message that is coming in. */
interface Incoming {
  readonly tag: Tag;
  readonly messageBytes: number;
  /** null: they go into the receiver's sink. */
  readonly bytes: Uint8Array | null;
  readonly sink: Sink;
  filled: number;
}

/** A message that is here and was not asked for yet. */
interface Unread {
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
  readonly #inbox = new Fifo<Unread>();
  #inboxBytes = 0;
  #incoming: Incoming | null = null;
  #waiting: Deferred<Message> | null = null;
  /** Where the receiver that waits would like its message. */
  #wanted: Sink | null = null;
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
   * @param sink takes the message if it has its length; what is here already too
   * @throws LinkLostError when there will be none
   */
  receive(sink: Sink | null = null): Promise<Message> {
    const unread = this.#inbox.shift();
    if (unread !== undefined) {
      this.#inboxBytes -= unread.bytes.length;
      if (this.socket.isPaused() && this.#inboxBytes <= this.settings.maxUnreadBytes) {
        this.#heardMs = this.clock.monotonicMs();
        this.socket.resume();
      }
      if (sink?.length !== unread.bytes.length) return Promise.resolve(unread);
      sink.write(unread.bytes);
      return Promise.resolve({ tag: unread.tag, bytes: null });
    }
    if (this.#loss !== null) return Promise.reject(new LinkLostError(this.#loss));
    this.#waiting = deferred<Message>();
    const begun = this.#incoming;
    if (begun === null) this.#wanted = sink;
    else if (begun.bytes !== null && sink?.length === begun.messageBytes) {
      sink.write(begun.bytes.subarray(0, begun.filled));
      this.#incoming = { ...begun, bytes: null, sink };
    }
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
    const incoming = this.#incoming ?? this.#begin(tag, messageBytes);
    // A gap would leave in the array what was there before.
    if (offset !== incoming.filled || messageBytes !== incoming.messageBytes)
      throw new RangeError(`a frame at ${offset} of ${messageBytes} bytes; ${incoming.filled} was due`);
    incoming.sink.write(payload);
    incoming.filled += payload.length;
    if (incoming.filled < messageBytes) return;
    this.#incoming = null;
    if (this.#waiting !== null) {
      this.#waiting.resolve(incoming);
      this.#waiting = null;
      return;
    }
    if (incoming.bytes === null) throw new RangeError('A message for a receiver that does not wait.');
    this.#inbox.push({ tag: incoming.tag, bytes: incoming.bytes });
    this.#inboxBytes += messageBytes;
    if (this.#inboxBytes > this.settings.maxUnreadBytes) this.socket.pause();
  }

  #begin(tag: Tag, messageBytes: number): Incoming {
    if (messageBytes > this.settings.maxMessageBytes) throw new RangeError(`a message of ${messageBytes} bytes`);
    const wanted = this.#wanted;
    this.#wanted = null;
    const begun = { tag, messageBytes, filled: 0 };
    if (wanted?.length === messageBytes) return (this.#incoming = { ...begun, bytes: null, sink: wanted });
    const bytes = new Uint8Array(messageBytes);
    return (this.#incoming = { ...begun, bytes, sink: storing(bytes) });
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
