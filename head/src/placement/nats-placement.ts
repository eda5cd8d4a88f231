import type { Messages } from '@trainer/runtime';
import { decodePlaceReply, encodePlaceRequest, placeSubject } from '@trainer/wire';
import type { Placement } from './placement.js';

/** Placement as request and reply over NATS (design.md section 1). */
export function natsPlacement(messages: Messages): Placement {
  return {
    get isConnected() {
      return messages.isConnected;
    },
    async place(node, incarnation, request, timeoutMs) {
      return decodePlaceReply(await messages.request(placeSubject(node, incarnation), encodePlaceRequest(request), timeoutMs));
    },
  };
}
