import { connectivityState, type ChannelInterface } from '@grpc/grpc-js';
import type { Clock, Millis } from '@trainer/model';
import { closeClient, openClient, sleep, type ChannelSettings } from '@trainer/runtime';
import { ClusterServiceClient } from '@trainer/wire';

/** Between two looks at a connection that is being made; and between two rounds of addresses. */
const LOOK_MS: Millis = 100;
/** An address that does not answer a connection by then is left for the next; it is tried again. */
const CONNECT_MS: Millis = 1_000;
/** A head that is frozen or cut off must be seen within the 3 s after which another one leads. */
const FOR_SEVERAL: ChannelSettings = { reconnectMaxMs: LOOK_MS, keepaliveMs: 1_000, keepaliveTimeoutMs: 2_000 };

/**
 * One channel to whichever head leads, of those at several addresses: generated clients use it as their own, and each new call goes to
 * the address that is current then. With one address it is that address's channel.
 */
export class HeadsChannel implements ChannelInterface {
  readonly addresses: readonly string[];
  readonly #channels: readonly ChannelInterface[];
  #index = 0;
  /** Since when the current one is being connected to, over all calls that wait for it: each may wait for less than that takes. */
  #connectingSinceMs: Millis | null = null;

  /** @param address host:port, or several separated by commas */
  constructor(
    address: string,
    private readonly clock: Clock,
  ) {
    this.addresses = address
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
    const settings = this.hasSeveral ? FOR_SEVERAL : {};
    this.#channels = this.addresses.map((one) => openClient(ClusterServiceClient, one, null, settings).getChannel());
  }

  get hasSeveral(): boolean {
    return this.addresses.length > 1;
  }

  /** The address that is current; to be given back to `moveOn`. */
  get current(): number {
    return this.#index;
  }

  /** The head at that address refused, did not answer or does not lead: the next is tried. Without effect when another is tried by now. */
  moveOn(from: number): void {
    if (from !== this.#index) return;
    this.#index = (this.#index + 1) % this.addresses.length;
    this.#connectingSinceMs = null;
  }

  /**
   * Where there are several, looks for one that takes the connection; with one, gRPC itself waits for it.
   * @returns whether one was found within `deadlineMs`
   */
  async reach(deadlineMs: Millis, isClosed: () => boolean): Promise<boolean> {
    if (!this.hasSeveral) return true;
    const startedMs = this.clock.monotonicMs();
    while (!isClosed()) {
      const state = this.#channel.getConnectivityState(true);
      const now = this.clock.monotonicMs();
      if (state === connectivityState.READY) {
        this.#connectingSinceMs = null;
        return true;
      }
      if (now - startedMs >= deadlineMs) return false;
      this.#connectingSinceMs ??= now;
      if (state === connectivityState.TRANSIENT_FAILURE || now - this.#connectingSinceMs >= CONNECT_MS) {
        this.moveOn(this.#index);
        // A round of all addresses is one pause.
        if (this.#index !== 0) continue;
      }
      await sleep(this.clock, LOOK_MS);
    }
    return false;
  }

  close(): void {
    for (const channel of this.#channels) closeClient(channel);
  }

  getTarget(): string {
    return this.addresses.join(',');
  }

  getConnectivityState(tryToConnect: boolean): connectivityState {
    return this.#channel.getConnectivityState(tryToConnect);
  }

  watchConnectivityState(...given: Parameters<ChannelInterface['watchConnectivityState']>): void {
    this.#channel.watchConnectivityState(...given);
  }

  getChannelzRef(): ReturnType<ChannelInterface['getChannelzRef']> {
    return this.#channel.getChannelzRef();
  }

  createCall(...given: Parameters<ChannelInterface['createCall']>): ReturnType<ChannelInterface['createCall']> {
    return this.#channel.createCall(...given);
  }

  get #channel(): ChannelInterface {
    const channel = this.#channels[this.#index];
    if (channel === undefined) throw new RangeError('There is no address of a head.');
    return channel;
  }
}
