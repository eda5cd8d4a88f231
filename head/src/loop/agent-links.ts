import type { AgentCommand, Millis, NodeId, StreamId, ToAgent } from '@trainer/model';

/** An agent's open stream whose hello is reconciled. */
export interface AgentLink {
  readonly node: NodeId;
  readonly stream: StreamId;
  lastHeardMs: Millis;
  send(message: ToAgent): void;
  /** Ends the stream; the agent connects again. */
  end(why: string): void;
}

/** The streams by which agents can be commanded now; a node has one at most. */
export class AgentLinks {
  readonly #links = new Map<NodeId, AgentLink>();

  constructor(private readonly headEpochOf: () => number) {}

  get(node: NodeId): AgentLink | undefined {
    return this.#links.get(node);
  }

  all(): IterableIterator<AgentLink> {
    return this.#links.values();
  }

  /** The newest stream of a node speaks for it; the one before is ended. */
  open(link: AgentLink): void {
    const before = this.#links.get(link.node);
    this.#links.set(link.node, link);
    if (before !== undefined && before.stream !== link.stream) before.end('a newer stream of this node was opened');
  }

  /** @returns whether it was the node's present stream. */
  close(link: AgentLink): boolean {
    if (this.#links.get(link.node) !== link) return false;
    this.#links.delete(link.node);
    return true;
  }

  /** @returns false when the agent is not connected: what is to be sent is derived from state when it comes back. */
  command(node: NodeId, command: AgentCommand): boolean {
    const link = this.#links.get(node);
    link?.send({ kind: 'command', headEpoch: this.headEpochOf(), command });
    return link !== undefined;
  }
}
