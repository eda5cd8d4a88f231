import type { Logger } from '@trainer/runtime';

/** Runs it; an error is logged with the name of who made it, and ends there: no listener can undo what others have to do. */
export function isolated(name: string, logger: Logger, run: () => void): void {
  try {
    run();
  } catch (error) {
    logger.error('a listener failed; the others go on', { listener: name, error });
  }
}
