import {
  actorId,
  headId,
  jobId,
  nodeId,
  sessionId,
  streamId,
  type ActorId,
  type HeadId,
  type JobId,
  type NodeId,
  type SessionId,
  type StreamId,
} from '@trainer/model';

/** A source of bytes that nobody can guess, such as `randomBytes` of node:crypto. */
export type RandomBytes = (count: number) => Uint8Array;

function hex(random: RandomBytes, bytes: number): string {
  return Buffer.from(random(bytes)).toString('hex');
}

export function newNodeId(random: RandomBytes): NodeId {
  return nodeId(`node-${hex(random, 6)}`);
}
export function newHeadId(random: RandomBytes): HeadId {
  return headId(`head-${hex(random, 6)}`);
}
export function newJobId(random: RandomBytes): JobId {
  return jobId(`train_${hex(random, 6)}`);
}
export function newActorId(random: RandomBytes): ActorId {
  return actorId(`actor-${hex(random, 8)}`);
}
export function newSessionId(random: RandomBytes): SessionId {
  return sessionId(`session-${hex(random, 8)}`);
}
export function newStreamId(random: RandomBytes): StreamId {
  return streamId(`stream-${hex(random, 8)}`);
}
