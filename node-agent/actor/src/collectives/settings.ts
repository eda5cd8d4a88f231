import type { Millis } from '@trainer/model';

/** Deadlines and bounds of a gang's connections. */
export interface GangSettings {
  /** From `join` until all connections stand: the head has told all ranks to begin, each within milliseconds of the others. */
  readonly joinMs: Millis;
  /** One handshake; who says nothing for so long is no rank. */
  readonly handshakeMs: Millis;
  readonly beatMs: Millis;
  /**
   * Silence after which a rank counts as lost. Longer than the ten seconds in which an agent finds a frozen rank and ends it with
   * a better cause; this one is for a network that is cut between ranks.
   */
  readonly silentMs: Millis;
  /** How long `leave` waits for what was written to go out. */
  readonly leaveMs: Millis;
  /** The longest array, in bytes. */
  readonly maxMessageBytes: number;
  /** Received and not yet asked for; above it the sender waits. */
  readonly maxUnreadBytes: number;
}

export const GANG_SETTINGS: GangSettings = {
  joinMs: 30_000,
  handshakeMs: 5_000,
  beatMs: 1_000,
  silentMs: 20_000,
  leaveMs: 1_000,
  maxMessageBytes: 2 ** 30,
  maxUnreadBytes: 16 * 2 ** 20,
};
