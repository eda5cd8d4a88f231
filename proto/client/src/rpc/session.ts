import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { PROTOCOL, type SessionId, type Timer, type TrainerError } from '@trainer/model';
import { decodeErrorData, type pb } from '@trainer/wire';
import { reviveError } from '../errors.js';
import { CLIENT_VERSION } from '../version.js';
import { UNARY_DEADLINE_MS, type HeadRpc } from './head-rpc.js';

/** A lost beat must not cost a session: at least six go into one grace. */
const BEATS_A_GRACE = 6;
const REATTACH_PAUSE_MS = 100;
/** How long closing waits for the head to say that it knows. */
const CLOSE_MS = 2_000;

type Attach = ClientDuplexStream<pb.FromSession, pb.ToSession>;

type SessionState =
  | { readonly at: 'attaching' }
  | { readonly at: 'attached'; readonly stream: Attach }
  | { readonly at: 'closing' }
  | { readonly at: 'refused'; readonly error: TrainerError };

/**
 * A client's session: while its stream lives, or was gone for less than the grace, its actors live. A broken stream is taken up
 * again under the same id.
 */
export class Session {
  readonly id: SessionId;
  readonly #rpc: HeadRpc;
  #state: SessionState = { at: 'attaching' };
  #timer: Timer | null = null;
  #sent = 0;
  #echoed = 0;

  constructor(id: SessionId, rpc: HeadRpc) {
    this.id = id;
    this.#rpc = rpc;
  }

  /** Resolves when the head has welcomed the session. @throws ClusterUnavailableError, UnauthenticatedError, VersionError */
  open(): Promise<void> {
    const since = this.#rpc.clock.wallMs();
    return new Promise((resolve, reject) => {
      const timer = this.#rpc.clock.after(UNARY_DEADLINE_MS, () => {
        this.#state = { at: 'closing' };
        reject(this.#rpc.nobodyAnswers(since));
      });
      void this.#attach((error) => {
        timer.cancel();
        if (error === null) resolve();
        else reject(error);
      });
    });
  }

  /** @throws the error with which the head refused the session, when it did. */
  check(): void {
    if (this.#state.at === 'refused') throw this.#state.error;
  }

  /** Ends the session, and its actors with it. Waits a moment for the head's answer; the grace ends it in any case. Idempotent. */
  async close(): Promise<void> {
    const state = this.#state;
    this.#timer?.cancel();
    if (state.at !== 'refused') this.#state = { at: 'closing' };
    if (state.at !== 'attached') return;
    await new Promise<void>((resolve) => {
      const timer = this.#rpc.clock.after(CLOSE_MS, () => state.stream.cancel());
      state.stream.once('status', () => {
        timer.cancel();
        resolve();
      });
      state.stream.write({ message: { $case: 'close', value: {} } });
      state.stream.end();
    });
  }

  async #attach(settled: (error: TrainerError | null) => void): Promise<void> {
    const moveOn = await this.#rpc.reach();
    if (this.#state.at !== 'attaching' || this.#rpc.isClosed) return;
    if (moveOn === null) return this.#attachLater(settled);
    const stream = this.#rpc.sessions.attach(this.#rpc.metadata());
    this.#rpc.own(stream);
    // Whatever ended it: of several heads the next one is asked.
    stream.once('status', moveOn);
    stream.on('data', (reply: pb.ToSession) => this.#onReply(stream, reply, settled));
    stream.on('error', (error: ServiceError) => this.#onError(error, settled));
    // grpc-js ends every stream with a status; a stream whose own side is open never closes.
    stream.once('status', () => this.#onOver(stream, settled));
    stream.write({
      message: { $case: 'hello', value: { session: this.id, protocol: PROTOCOL, clientVersion: CLIENT_VERSION } },
    });
  }

  #onReply(stream: Attach, { message }: pb.ToSession, settled: (error: TrainerError | null) => void): void {
    if (message?.$case === 'echo') this.#echoed = message.value;
    if (message?.$case === 'refused') {
      this.#refuse(reviveError(decodeErrorData(message.value, 'toSession.refused')), settled);
      stream.cancel();
    }
    if (message?.$case !== 'welcome' || this.#state.at !== 'attaching') return;
    this.#state = { at: 'attached', stream };
    this.#echoed = this.#sent;
    this.#beatEvery(stream, message.value.graceMs / BEATS_A_GRACE);
    settled(null);
  }

  /** A stream on which a beat was not answered by the next is as good as broken. */
  #beatEvery(stream: Attach, everyMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#rpc.clock.after(everyMs, () => {
      if (this.#state.at !== 'attached' || this.#state.stream !== stream) return;
      if (this.#echoed < this.#sent) {
        stream.cancel();
        return;
      }
      this.#sent += 1;
      stream.write({ message: { $case: 'beat', value: this.#sent } });
      this.#beatEvery(stream, everyMs);
    });
  }

  #onError(failure: ServiceError, settled: (error: TrainerError | null) => void): void {
    const error = this.#rpc.errorOf(failure, this.#rpc.clock.wallMs());
    // A head that is away comes back; any other answer stands.
    if (error.code !== 'cluster.unavailable') this.#refuse(error, settled);
  }

  #refuse(error: TrainerError, settled: (error: TrainerError | null) => void): void {
    if (this.#state.at === 'closing' || this.#state.at === 'refused') return;
    this.#state = { at: 'refused', error };
    settled(error);
  }

  #onOver(stream: Attach, settled: (error: TrainerError | null) => void): void {
    this.#rpc.disown(stream);
    if (this.#state.at === 'closing' || this.#state.at === 'refused' || this.#rpc.isClosed) return;
    this.#state = { at: 'attaching' };
    this.#attachLater(settled);
  }

  #attachLater(settled: (error: TrainerError | null) => void): void {
    this.#timer?.cancel();
    this.#timer = this.#rpc.clock.after(REATTACH_PAUSE_MS, () => void this.#attach(settled));
  }
}
