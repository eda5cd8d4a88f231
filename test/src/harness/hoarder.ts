import { createHash } from 'node:crypto';
import { actor } from '@trainer/client';

/** An actor that is constructed with much. */
export class Hoarder {
  readonly #sha256: string;
  readonly #bytes: number;

  constructor(much: Uint8Array) {
    this.#sha256 = createHash('sha256').update(much).digest('hex');
    this.#bytes = much.length;
  }

  told(): { readonly bytes: number; readonly sha256: string; readonly pid: number } {
    return { bytes: this.#bytes, sha256: this.#sha256, pid: process.pid };
  }
}

export const HoarderSpec = actor(Hoarder, import.meta.url);
