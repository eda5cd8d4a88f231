import { Socket } from 'node:net';
import { deserialize } from 'node:v8';
import { ACTOR_SAYS_FD, AGENT_SAYS_FD, type FromActorProcess, type ToActorProcess } from '@trainer/model';
import { byteFrame, FrameReader } from '@trainer/runtime';
import { encodeFromActorProcess } from '@trainer/wire';

/** The channel to this process's agent. */
export interface AgentChannel {
  /** `sent` runs once the agent can read it; on a channel that is closed at once. */
  send(message: FromActorProcess, sent?: () => void): void;
}

/** A start carries arguments of up to 64 MiB and what stands around them. */
const MAX_MESSAGE_BYTES = 128 * 2 ** 20;

/**
 * Opens the channel on which the agent started this process.
 * @param onGone told when the agent has closed it, or is gone
 */
export function openAgentChannel(onMessage: (message: ToActorProcess) => void, onGone: () => void): AgentChannel {
  const says = new Socket({ fd: ACTOR_SAYS_FD, readable: false, writable: true });
  const hears = new Socket({ fd: AGENT_SAYS_FD, readable: true, writable: false });
  // What the agent says is believed: it has started this process from its own version.
  const reader = new FrameReader(MAX_MESSAGE_BYTES, (bytes) => onMessage(deserialize(bytes) as ToActorProcess));
  hears.on('data', (bytes: Buffer) => reader.push(bytes));
  for (const socket of [says, hears]) {
    socket.on('error', onGone);
    socket.on('close', onGone);
  }
  return {
    send: (message, sent) => {
      if (says.destroyed || !says.writable) sent?.();
      else says.write(byteFrame(encodeFromActorProcess(message)), () => sent?.());
    },
  };
}
