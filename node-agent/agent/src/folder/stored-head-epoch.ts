import { toErrorData, type Clock, type Millis } from '@trainer/model';
import type { Logger } from '@trainer/runtime';

/** How often a headEpoch is tried to be stored while the disk is full. */
const AGAIN_MS: Millis = 5_000;

/**
 * Stores the newest headEpoch. One that can't be stored, as the disk is full, holds for this agent all the same, and is tried again:
 * refusing its head would end every actor here, while only an agent that starts again before there is room could hear an older one.
 */
export function storedHeadEpoch(
  store: (headEpoch: number) => void,
  ports: { readonly clock: Clock; readonly logger: Logger },
): { save(headEpoch: number): void; close(): void } {
  let timer = ports.clock.after(0, () => undefined);
  const save = (headEpoch: number): void => {
    timer.cancel();
    try {
      store(headEpoch);
    } catch (error) {
      ports.logger.error('the number of the headship could not be stored; it is tried again', { headEpoch, error: toErrorData(error) });
      timer = ports.clock.after(AGAIN_MS, () => save(headEpoch));
    }
  };
  return { save, close: () => timer.cancel() };
}
