import type { Millis, NodeId, PlaceReply, PlaceRequest } from '@trainer/model';

/**
 * How placements reach an agent. A lost answer throws; the same lease may be asked again, as an agent's first answer to a
 * lease id is final and remembered.
 */
export interface Placement {
  readonly isConnected: boolean;
  /** @throws TrainerError `messages.unavailable` when no answer came in time, or none could be asked */
  place(node: NodeId, incarnation: number, request: PlaceRequest, timeoutMs: Millis): Promise<PlaceReply>;
}
