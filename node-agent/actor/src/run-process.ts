import { ERROR_CLASSES, SHARED_ERRORS } from '@trainer/client/calling';
import { systemClock } from '@trainer/runtime';
import { openAgentChannel } from './agent-channel.js';
import { ActorProcess, type ProcessPorts } from './actor-process.js';
import { uncaughtText } from './calls/remote-failure.js';
import type { ImportModule } from './loading/load-class.js';

/**
 * Makes this process an actor's. Its agent has started it with a channel, over which comes all it needs. An error that nobody
 * catches, in code of users or of ours, ends it with code 1, which the agent reports.
 *
 * @param importModule a dynamic import, from a module that can have one: code that comes from V8's cache can't
 */
export function runActorProcess(importModule: ImportModule): void {
  // SIGKILL, not process.exit: that waits for native threads.
  const end = (): void => void process.kill(process.pid, 'SIGKILL');
  const ports: ProcessPorts = {
    clock: systemClock(),
    importModule,
    send: (message) => channel.send(message),
    sendAndEnd: (message) => channel.send(message, end),
    end,
    setEnvironment: (values) => {
      // eslint-disable-next-line no-restricted-properties -- native libraries read the real environment, before they are loaded
      Object.assign(process.env, values);
    },
    enterFolder: (path) => process.chdir(path),
    later: (run) => void setImmediate(run),
    writeLine: (line) => void process.stdout.write(`${line}\n`),
  };
  // Its code tells by `instanceof` why a call of another actor failed.
  Object.assign(globalThis, { [Symbol.for(SHARED_ERRORS)]: ERROR_CLASSES });
  const actor = new ActorProcess(ports);
  // Without its agent nothing of it may live on.
  const channel = openAgentChannel((message) => actor.receive(message), end);
  // Node prints it and ends this process; the agent puts it into the cause of the death.
  process.on('uncaughtExceptionMonitor', (error) => ports.send({ kind: 'threw', text: uncaughtText(error) }));
}
