/** The main loop's time, as far as calls need it. */
export interface Turns {
  monotonicMs(): number;
  /** Runs the function in a later turn of the event loop, after what has arrived meanwhile. */
  later(run: () => void): void;
}

/** After so long a turn answers go out and messages come in before the next call starts, or a stream goes on. */
export const TURN_MS = 5;
