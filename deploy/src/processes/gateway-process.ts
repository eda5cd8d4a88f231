import { connectHead, connectTo } from '@trainer/client/internal';
import { startGateway } from '@trainer/gateway';
import { openMessages } from '@trainer/runtime';
import { openObjectStore } from '@trainer/storage';
import { gatewayPlace } from '../config/cluster-settings.js';
import { requireMode, type Settings } from '../config/settings.js';
import { gatewaySettings } from '../parts/gateway-part.js';
import { live } from './lifetime.js';
import { clockAndLog, type ProcessOptions } from './surroundings.js';

/** Answers in flight get this long. */
const STOP_WITHIN_MS = 3_000;

/** `trainer gateway`: REST in front of the heads, until it is told to stop. It starts without head and NATS, and waits for both. */
export async function gatewayProcess(settings: Settings, { output, process, endsWithParent }: ProcessOptions): Promise<void> {
  requireMode(settings, 'cluster', 'gateway');
  const { secret, nats, heads, store: storeConfig } = await gatewayPlace(settings);
  const { clock, log } = clockAndLog(settings, process, [secret, nats.token]);
  await live({ process, clock, endsWithParent, stopWithinMs: STOP_WITHIN_MS }, async ({ onClose, onFatal }) => {
    const address = { address: heads.join(','), secret };
    const head = connectHead(address);
    onClose(() => head.close());
    const messages = openMessages(
      { servers: [nats.server], token: nats.token, name: 'gateway', logger: log, random: Math.random },
      onFatal,
    );
    onClose(() => messages.close());
    const store = await openObjectStore(storeConfig);
    const gateway = await startGateway(
      { head, connectActors: () => connectTo(address), messages, store, settings: gatewaySettings(settings, secret), clock },
      log,
    );
    onClose(() => gateway.close());
    output.write(`gateway is ready at ${gateway.url}\n`);
  });
}
