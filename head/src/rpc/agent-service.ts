import type { AgentServiceServer, pb } from '@trainer/wire';
import { decodeFromAgent, encodeToAgent } from '@trainer/wire';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { LoopListener } from '../loop/cluster-loop.js';
import { AgentConnection } from './agent-connection.js';
import type { AgentRules } from './agent-connection.js';

/** The agents' streams. While the head is suspended none is held: agents connect again, and say what they hold. */
export class AgentService implements LoopListener {
  readonly #open = new Set<ServerDuplexStream<pb.FromAgent, pb.ToAgent>>();
  readonly server: AgentServiceServer;

  constructor(private readonly rules: AgentRules) {
    this.server = { connect: (call) => this.#connect(call) };
  }

  #connect(call: ServerDuplexStream<pb.FromAgent, pb.ToAgent>): void {
    if (!this.rules.loop.isRunning) {
      call.end();
      return;
    }
    this.#open.add(call);
    const connection = new AgentConnection(this.rules, {
      send: (message) => {
        if (call.writable) call.write(encodeToAgent(message));
      },
      end: () => call.end(),
    });
    const close = (): void => {
      this.#open.delete(call);
      connection.close();
    };
    call.on('data', (message: pb.FromAgent) => {
      try {
        connection.receive(decodeFromAgent(message));
      } catch (error) {
        this.rules.logger.error('a message of an agent could not be read', { error });
        close();
        call.end();
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
    for (const call of this.#open) {
      call.emit('cancelled', 'suspended');
      call.end();
    }
    this.#open.clear();
  }

  resumed(): void {}
}
