import { toErrorData, type NodeId, type PlaceReply, type PlaceRequest } from '@trainer/model';
import type { Messages, Subscription } from '@trainer/runtime';
import { decodePlaceRequest, encodePlaceReply, placeSubject } from '@trainer/wire';

/**
 * Answers placements over NATS. `place` bears the same request twice. What can't be read is refused with why: without an answer the
 * head would ask again until its patience ends.
 */
export function servePlacement(
  messages: Messages,
  agent: { readonly node: NodeId; readonly incarnation: number },
  place: (request: PlaceRequest) => PlaceReply,
): Subscription {
  return messages.serve(placeSubject(agent.node, agent.incarnation), (bytes) => {
    const request = read(bytes);
    return Promise.resolve(encodePlaceReply('kind' in request ? request : place(request)));
  });
}

function read(bytes: Uint8Array): PlaceRequest | PlaceReply {
  try {
    return decodePlaceRequest(bytes);
  } catch (error) {
    return { kind: 'refused', reason: 'malformed', message: `The placement can't be read: ${toErrorData(error).message}` };
  }
}
