import { ACTOR_STATES_BUCKET, actorStateKey, INLINE_STATE_BYTES, type LeaseHolder, type SavedState } from '@trainer/model';
import type { ObjectAccess } from '@trainer/storage';

/** Brings the states of one incarnation to where the next one finds them, and reads that of the one before. */
export class SavedStates {
  readonly #holder: LeaseHolder;
  readonly #openStore: () => Promise<ObjectAccess>;
  #store: Promise<ObjectAccess> | null = null;
  #stored = 0;

  /** The store is opened only when a state is large. */
  constructor(holder: LeaseHolder, openStore: () => Promise<ObjectAccess>) {
    this.#holder = holder;
    this.#openStore = openStore;
  }

  /** Small states travel as they are; larger ones are in the object store when this resolves. @throws StoreUnavailableError, StoreFullError */
  async save(bytes: Buffer): Promise<SavedState> {
    if (bytes.length <= INLINE_STATE_BYTES) return { kind: 'inline', bytes };
    if (this.#holder.kind !== 'actor') throw new RangeError('Only an actor has a state.');
    this.#stored += 1;
    // No key is written twice: a state is whole, or is not there.
    const key = actorStateKey(this.#holder.actor, this.#holder.incarnation, this.#stored);
    await (await this.#open()).put(ACTOR_STATES_BUCKET, key, bytes);
    return { kind: 'object', bucket: ACTOR_STATES_BUCKET, key, bytes: bytes.length };
  }

  /** @throws ObjectNotFoundError, StoreUnavailableError */
  async load(state: SavedState): Promise<Uint8Array> {
    if (state.kind === 'inline') return state.bytes;
    const { stream } = await (await this.#open()).get(state.bucket, state.key);
    const chunks: Uint8Array[] = [];
    for await (const chunk of stream as AsyncIterable<Uint8Array>) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  #open(): Promise<ObjectAccess> {
    return (this.#store ??= this.#openStore());
  }
}
