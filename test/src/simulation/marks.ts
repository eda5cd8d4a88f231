import { compareLeases } from '@trainer/model';
import type { LeaseId } from '@trainer/model';
import { decodePlaceRequest } from '@trainer/wire';
import type { World } from './world.js';

const PLACE = 'place';

/**
 * 15 no head sends a placement of a lease below a low-water mark that it has sent, to whomever: agents forget what lies below it.
 *
 * Looked at as messages leave: on their way they may overtake each other, and agents refuse those that come too late.
 */
export class Marks {
  readonly #highest = new Map<string, LeaseId>();

  constructor(private readonly world: World) {}

  /** @param sender one life of a head's process */
  sent(sender: string, subject: string, bytes: Uint8Array): void {
    if (!subject.split('.').includes(PLACE)) return;
    const { lease, lowWater } = decodePlaceRequest(bytes);
    const before = this.#highest.get(sender) ?? lowWater;
    const mark = compareLeases(before, lowWater) > 0 ? before : lowWater;
    if (compareLeases(lowWater, before) < 0)
      this.world.violated(15, `${sender} takes its low-water mark back from ${before} to ${lowWater}`);
    if (compareLeases(lease, mark) < 0) this.world.violated(15, `${sender} sends ${lease}, below the low-water mark ${mark}`);
    this.#highest.set(sender, mark);
  }
}
