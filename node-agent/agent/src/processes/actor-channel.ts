import { Duplex } from 'node:stream';
import { serialize } from 'node:v8';
import { ACTOR_SAYS_FD, AGENT_SAYS_FD, toErrorData, type Clock, type FromActorProcess, type ToActorProcess } from '@trainer/model';
import { byteFrame, FrameReader } from '@trainer/runtime';
import { decodeFromActorProcess, MAX_FROM_ACTOR_BYTES } from '@trainer/wire';
import type { ChildProcess } from 'node:child_process';
import { readPaced, type Pace } from './paced-reading.js';

/*
 * Not Node's own `ipc`: its reader runs in the agent, where bytes that are no message throw out of reach of any handler, and a
 * message of any size is taken in whole. Here each frame is bounded before it is read, and what it holds is parsed.
 */

export interface ChannelEvents {
  /** @param bytes its size on the channel */
  onMessage(message: FromActorProcess, bytes: number): void;
  /** What came can't be read; nothing more is. `why` is for people. */
  onBroken(why: string): void;
  /** All that the process has said was read, and it has closed its end or is gone. */
  onClosed(): void;
}

/** The channel between an agent and one actor's process. */
export interface ActorChannel {
  /** To be called once; events come later. */
  listen(events: ChannelEvents): void;
  /** A channel that is closed, or a process that reads nothing, loses it. */
  send(message: ToActorProcess): void;
}

/** A message costs its bytes and this much: handling a small one takes about as long as reading so many bytes. */
const MESSAGE_COST = 512;
/** 16,000 small messages a second, several times what a training of very short epochs reports; the burst bears a whole result. */
const PACE: Pace = { burst: 2 * MAX_FROM_ACTOR_BYTES, perSecond: 8 * 2 ** 20, perTurn: 2 ** 20 };
/** A process that reads nothing, as it is frozen or computes for hours, is sent heartbeats only up to this backlog. */
const MAX_BACKLOG_BYTES = 64 * 1024;

/** What a process with a channel is started with after its first three streams: pipes at `ACTOR_SAYS_FD` and `AGENT_SAYS_FD`. */
export const CHANNEL_PIPES = ['pipe', 'pipe'] as const;

/** The channel of a process that was started with `CHANNEL_PIPES`. */
export function actorChannel(child: ChildProcess, clock: Clock): ActorChannel {
  const [heard, told] = [child.stdio[ACTOR_SAYS_FD], child.stdio[AGENT_SAYS_FD]];
  if (child.pid === undefined) return CHANNEL_OF_NO_PROCESS;
  if (!(heard instanceof Duplex && told instanceof Duplex)) throw new Error('The process was started without the pipes of its channel');
  told.on('error', () => undefined);
  heard.once('close', () => told.destroy());
  return {
    listen: (events) => listen(heard, clock, events),
    send: (message) => {
      if (told.destroyed || !told.writable) return;
      if (message.kind === 'owned' && told.writableLength > MAX_BACKLOG_BYTES) return;
      // The process is of this agent's version and believes it: V8's own format carries whatever a start holds.
      told.write(byteFrame(serialize(message)));
    },
  };
}

/** Of a process that could not be started. */
const CHANNEL_OF_NO_PROCESS: ActorChannel = { listen: (events) => events.onClosed(), send: () => undefined };

function listen(stream: Duplex, clock: Clock, events: ChannelEvents): void {
  let messages: { readonly message: FromActorProcess; readonly bytes: number }[] = [];
  const reader = new FrameReader(MAX_FROM_ACTOR_BYTES, (bytes) => {
    messages.push({ message: decodeFromActorProcess(bytes), bytes: bytes.length });
  });
  let broken: string | null = null;
  readPaced(stream, PACE, clock, {
    onData: (piece) => {
      if (broken !== null) return 0;
      messages = [];
      try {
        reader.push(piece);
      } catch (error) {
        broken = toErrorData(error).message;
      }
      for (const { message, bytes } of messages) events.onMessage(message, bytes);
      if (broken !== null) events.onBroken(broken);
      return piece.length + messages.length * MESSAGE_COST;
    },
    onOver: () => events.onClosed(),
  });
  stream.on('error', () => undefined);
}
