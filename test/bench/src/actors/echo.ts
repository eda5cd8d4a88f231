import { actor } from '@trainer/client';

/** Answers at once: what is measured is the way there and back. */
export class Echo {
  pid(): number {
    return process.pid;
  }

  /** @returns how long `text` is. */
  lengthOf(text: string | Uint8Array): number {
    return text.length;
  }
}

export const EchoSpec = actor(Echo, import.meta.url);
