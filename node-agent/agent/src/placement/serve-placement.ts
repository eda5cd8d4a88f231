import type { NodeId, PlaceReply, PlaceRequest } from '@trainer/model';
import type { Messages, Subscription } from '@trainer/runtime';
import { decodePlaceRequest, encodePlaceReply, placeSubject } from '@trainer/wire';

/** Answers placements over NATS. `place` bears the same request twice; what can't be read gets no answer and is logged by the messages' adapter. */
export function servePlacement(
  messages: Messages,
  agent: { readonly node: NodeId; readonly incarnation: number },
  place: (request: PlaceRequest) => PlaceReply,
): Subscription {
  return messages.serve(placeSubject(agent.node, agent.incarnation), async (bytes) => encodePlaceReply(place(decodePlaceRequest(bytes))));
}
