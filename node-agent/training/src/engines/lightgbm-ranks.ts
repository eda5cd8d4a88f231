import type { ThreadCollective } from '@trainer/actor';
import type { JoinedEngines } from '../learning/learner.js';
import type { LightgbmBindings, Pointer } from './lightgbm-bindings.js';
import type { LightgbmLibrary } from './lightgbm-library.js';

/*
 * LightGBM's ranks speak through two functions that it is given (LightGBM/meta.h, 4.7); the library's own sockets would wait for ever for a peer
 * that is frozen. It calls them on the thread that trains, which stands still until the gang's main thread has the answer.
 */

/** `void (const char *input, char *output, int type_size, int32_t bytes)`, which adds input to output. */
const REDUCE = ['const void *', 'void *', 'int', 'int'];
/** `void (char *input, int32_t bytes, int type_size, const int32_t *starts, const int32_t *lengths, int blocks, char *output, int32_t bytes, reducer &)` */
const REDUCE_SCATTER = ['void *', 'int', 'int', 'void *', 'void *', 'int', 'void *', 'int', 'void *'];
/** `void (char *input, int32_t bytes, const int32_t *starts, const int32_t *lengths, int blocks, char *output, int32_t bytes)` */
const ALL_GATHER = ['void *', 'int', 'void *', 'void *', 'int', 'void *', 'int'];

/**
 * Makes this thread one of a gang: from now on datasets and boosters made on it are its share of what all of them train. Once a rank is lost,
 * every call of the library but the freeing ones throws what the collective threw.
 * @throws EngineError
 */
export function joinLightgbmRanks({ bindings }: LightgbmLibrary, team: ThreadCollective): JoinedEngines {
  if (team.worldSize === 1) return { leave: () => Promise.resolve() };
  const { koffi } = bindings;
  const network = new Network(bindings, team);
  const register = (types: readonly string[], call: (...values: never[]) => void): Pointer =>
    koffi.register(call, koffi.pointer(koffi.proto(null, 'void', [...types])));
  const callbacks = [
    register(REDUCE_SCATTER, network.reduceScatter.bind(network)),
    register(ALL_GATHER, network.allGather.bind(network)),
  ] as const;
  bindings.LGBM_NetworkInitWithFunctions(team.worldSize, team.rank, ...callbacks);
  return {
    async leave() {
      bindings.LGBM_NetworkFree();
      callbacks.forEach((callback) => koffi.unregister(callback));
    },
  };
}

/** Nothing may be thrown through the library: what goes wrong is kept for the end of its call, and the library told that all ranks said the same. */
class Network {
  readonly #reducer: unknown;

  constructor(
    private readonly bindings: LightgbmBindings,
    private readonly team: ThreadCollective,
  ) {
    this.#reducer = bindings.koffi.proto(null, 'void', REDUCE);
  }

  /** Each rank gets the block of its number, reduced over all ranks in their order. */
  reduceScatter(
    input: Pointer,
    inputBytes: number,
    typeSize: number,
    starts: Pointer,
    lengths: Pointer,
    blocks: number,
    output: Pointer,
    _outputBytes: number,
    reducer: Pointer,
  ): void {
    const { rank } = this.team;
    const [from, length] = [this.#integers(starts, blocks)[rank] ?? 0, this.#integers(lengths, blocks)[rank] ?? 0];
    const [first, ...others] = this.#gathered(this.#bytes(input, inputBytes));
    if (first === undefined || length === 0) return;
    this.#bytes(output, length).set(first.subarray(from, from + length));
    const { koffi } = this.bindings;
    const reduce = koffi.decode(reducer, 'void *') as Pointer;
    for (const other of others) koffi.call(reduce, this.#reducer as never, other.subarray(from, from + length), output, typeSize, length);
  }

  /** Each rank gets the blocks of all. */
  allGather(
    input: Pointer,
    inputBytes: number,
    starts: Pointer,
    lengths: Pointer,
    blocks: number,
    output: Pointer,
    outputBytes: number,
  ): void {
    const [from, size] = [this.#integers(starts, blocks), this.#integers(lengths, blocks)];
    const whole = this.#bytes(output, outputBytes);
    this.#gathered(this.#bytes(input, inputBytes)).forEach((block, rank) => {
      const place = whole.subarray(from[rank] ?? 0, (from[rank] ?? 0) + (size[rank] ?? 0));
      // A stand-in may be of another length.
      for (let at = 0; at < place.length && block.length > 0; at += block.length) place.set(block.subarray(0, place.length - at), at);
    });
  }

  /** What every rank gave; of a gang that has ended, this rank's own in the place of all. */
  #gathered(own: Uint8Array): readonly Uint8Array[] {
    const { bindings, team } = this;
    const alone = Array.from({ length: team.worldSize }, () => own.slice());
    if (bindings.failure.error !== null) return alone;
    try {
      return team.blocking.allGather(own);
    } catch (error) {
      bindings.failure.error = error instanceof Error ? error : new Error(String(error));
      return alone;
    }
  }

  #bytes(address: Pointer, length: number): Uint8Array {
    return length === 0 ? new Uint8Array(0) : new Uint8Array(this.bindings.koffi.view(address, length));
  }

  #integers(address: Pointer, count: number): Int32Array {
    return new Int32Array(this.bindings.koffi.view(address, count * Int32Array.BYTES_PER_ELEMENT));
  }
}
