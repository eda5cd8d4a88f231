import type { JobEvent } from '@trainer/model';
import { encodeJobEventBytes, encodeJobEventNumberBytes, jobEventsSubject } from '@trainer/wire';
import type { Logger, Messages } from '@trainer/runtime';
import { isolated } from '../loop/isolated.js';
import type { LoopListener } from '../loop/cluster-loop.js';

/** What is larger goes over NATS by its number only (design.md section 1); NATS itself refuses what is above 1 MiB. */
const MAX_EVENT_BYTES = 256 * 1024;

/**
 * Tells gateways of committed events, in the order of their numbers. What is lost on the way they fetch by number, so
 * nothing waits here and nothing is sent again; of an event that is too large for NATS only the number is told.
 */
export function eventPublisher(messages: Messages, logger: Logger): LoopListener {
  const name = 'event publisher';
  const tell = (event: JobEvent): void => {
    const { job, number } = event;
    const subject = jobEventsSubject(job);
    let bytes = encodeJobEventBytes(event);
    if (bytes.length > MAX_EVENT_BYTES) {
      logger.debug('an event is large; gateways fetch it by its number', { job, number, bytes: bytes.length });
      bytes = encodeJobEventNumberBytes(event);
    }
    if (!messages.publish(subject, bytes)) logger.debug('an event was not published; NATS is away', { job, number });
  };
  return {
    name,
    committed(turn) {
      for (const event of turn.events) isolated(name, logger, () => tell(event));
    },
    suspended() {},
    resumed() {},
  };
}
