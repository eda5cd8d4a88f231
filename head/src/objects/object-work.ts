import { toErrorData } from '@trainer/model';
import type { Clock } from '@trainer/model';
import { backoff, sleep } from '@trainer/runtime';
import type { Random } from '@trainer/runtime';
import type { ObjectStore } from '@trainer/storage';

/** So often it is tried, over about five minutes: an object store that restarts is back by then. */
const TRIES = 40;
/** Files listed and removed at a time. */
const PAGE = 500;

export interface Retrying {
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** Work on the object store, tried again while that has a point. @throws the last error then; the signal's reason */
export async function retried(run: () => Promise<unknown>, { clock, random, signal }: Retrying): Promise<void> {
  const waits = backoff({ firstMs: 100, maxMs: 10_000, random });
  for (let tries = 1; ; tries += 1) {
    try {
      await run();
      return;
    } catch (error) {
      if (tries >= TRIES || toErrorData(error).retry === 'never') throw error;
      await sleep(clock, waits.nextMs(), signal);
    }
  }
}

/** Removes what begins with the prefix, where the test lets it. */
export async function removeAll(
  objects: ObjectStore,
  bucket: string,
  prefix: string,
  mayGo: (key: string) => boolean = () => true,
): Promise<void> {
  for await (const keys of pagesOf(objects, bucket, prefix)) {
    const going = keys.filter(mayGo);
    if (going.length > 0) await objects.remove(bucket, going);
  }
}

/** Keys in their order, page by page. */
export async function* pagesOf(objects: ObjectStore, bucket: string, prefix: string): AsyncGenerator<readonly string[]> {
  for (let after = ''; ;) {
    const page = await objects.list(bucket, { prefix, after, limit: PAGE });
    if (page.length > 0) yield page.map(({ key }) => key);
    if (page.length < PAGE) return;
    after = page.at(-1)?.key ?? '';
  }
}
