import { encodeJobEventBytes, jobEventsSubject } from '@trainer/wire';
import type { Logger, Messages } from '@trainer/runtime';
import type { LoopListener } from '../loop/cluster-loop.js';

/**
 * Tells gateways of committed events, in the order of their numbers. What is lost on the way they fetch by number, so
 * nothing waits here and nothing is sent again.
 */
export function eventPublisher(messages: Messages, logger: Logger): LoopListener {
  return {
    committed(turn) {
      for (const event of turn.events) {
        if (!messages.publish(jobEventsSubject(event.job), encodeJobEventBytes(event))) {
          logger.debug('an event was not published; NATS is away', { job: event.job, number: event.number });
        }
      }
    },
    suspended() {},
    resumed() {},
  };
}
