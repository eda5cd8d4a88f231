import { readConfig, start } from '@trainer/agent';
import { agentPlace } from '../config/cluster-settings.js';
import { requireMode, type Settings } from '../config/settings.js';
import { agentSettings } from '../parts/agent-part.js';
import { namedShare } from '../parts/shares.js';
import { live } from './lifetime.js';
import { clockAndLog, succession, type ProcessOptions } from './surroundings.js';

/** Beyond the grace: the last kill, the last log lines, the last facts. */
const LEAVE_MS = 3_000;

/** `trainer agent`: the agent of this machine, or of a part of it, until it is told to stop. */
export async function agentProcess(settings: Settings, options: ProcessOptions): Promise<void> {
  const { output, process, endsWithParent } = options;
  requireMode(settings, 'cluster', 'agent');
  const place = await agentPlace(settings);
  const { clock, log } = clockAndLog(settings, process, [place.secret, place.nats.token]);
  const graceMs = settings.TRAINER_STOP_GRACE_S * 1_000;
  await live({ process, clock, endsWithParent, stopWithinMs: graceMs + LEAVE_MS }, async ({ onClose, onFatal }) => {
    const agent = await start(readConfig(await agentSettings(settings, place, namedShare(settings))), {
      clock,
      logger: log,
      succession: succession(settings, options, `the agent that ran on ${place.folder} before`),
    });
    onClose(() => agent.stop(graceMs));
    void agent.whenRefused.then(onFatal);
    void agent.whenWelcomed.then(() => output.write(`agent is ready: ${agent.node} incarnation ${agent.incarnation}\n`));
  });
}
