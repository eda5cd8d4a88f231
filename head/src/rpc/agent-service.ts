import { toErrorData } from '@trainer/model';
import type { NodeId } from '@trainer/model';
import type { AgentServiceServer, pb } from '@trainer/wire';
import { decodeFromAgent, encodeToAgent } from '@trainer/wire';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { LoopListener } from '../loop/cluster-loop.js';
import { AgentConnection } from './agent-connection.js';
import type { AgentRules } from './agent-connection.js';
import { refusal } from './answering.js';
import { News } from './news.js';
import { Rounds } from './rounds.js';

/**
 * The agents' streams. They outlive a suspension: agents hear of it, and stay. When the head goes on each stream is ended, so that
 * every agent says hello again and is reconciled with the state as it was read.
 */
export class AgentService implements LoopListener {
  readonly name = 'agents';
  readonly #open = new Set<AgentConnection>();
  readonly #news = new News();
  readonly #rounds = new Rounds();
  /** The newest head epoch that this head told each node of. */
  readonly #told = new Map<NodeId, number>();
  readonly server: AgentServiceServer;

  constructor(private readonly rules: AgentRules) {
    this.server = { connect: (call) => this.#connect(call) };
  }

  #connect(call: ServerDuplexStream<pb.FromAgent, pb.ToAgent>): void {
    const connection = new AgentConnection(this.rules, {
      send: (message) => {
        if (call.writable) call.write(encodeToAgent(message));
      },
      end: () => call.end(),
      toldEpoch: (node) => this.#told.get(node) ?? null,
      tell: (node, headEpoch) => void this.#told.set(node, headEpoch),
      nextRound: () => this.#rounds.next(),
      isNews: (text) => this.#news.is(text, this.rules.clock.monotonicMs()),
    });
    this.#open.add(connection);
    const close = (): void => {
      this.#open.delete(connection);
      connection.close();
    };
    call.on('data', (message: pb.FromAgent) => {
      try {
        connection.receive(decodeFromAgent(message));
      } catch (error) {
        const { logger, clock } = this.rules;
        const { message: why } = toErrorData(error);
        if (this.#news.is(why, clock.monotonicMs())) logger.warn('a message of an agent could not be read', { why });
        close();
        // grpc-js answers with the status of an `error` event: the agent is told what it sent.
        call.emit('error', refusal(logger, error));
      }
    });
    call.on('end', () => {
      close();
      call.end();
    });
    call.on('cancelled', close);
    call.on('error', close);
  }

  committed(): void {}

  suspended(): void {
    for (const connection of this.#open) connection.suspend();
  }

  resumed(): void {
    this.close();
  }

  /** Ends every stream. */
  close(): void {
    for (const connection of [...this.#open]) connection.end();
    this.#open.clear();
  }
}
