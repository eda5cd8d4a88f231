import { connectHead } from '@trainer/client/internal';
import type { HeadConnection } from '@trainer/client/internal';
import type { Head } from '@trainer/head';
import type { NodeId } from '@trainer/model';
import { openObjectStore } from '@trainer/storage';
import type { RealServers } from '../real-servers.js';
import { actorIn, HeadClients } from './head-clients.js';
import type { ActorCalls } from './head-clients.js';
import { openHead, storeConfigOf } from './open-head.js';
import { TestAgent } from './test-agent.js';

export interface SceneOptions {
  readonly servers: RealServers;
  readonly node: NodeId;
  readonly incarnation: number;
  /** Where the head finds PostgreSQL, such as a link that can be cut. */
  readonly databaseUrl?: string;
}

const DATASET = 'iris.csv';

/** A real head whose timers run ten times as fast, one agent without processes, and clients of both. */
export class HeadScene {
  /** With what the head ended, if it did. */
  fatal: Error | null = null;

  private constructor(
    readonly head: Head,
    readonly agent: TestAgent,
    readonly connection: HeadConnection,
    readonly clients: HeadClients,
    readonly calls: ActorCalls,
  ) {}

  static async open({ servers, node, incarnation, databaseUrl }: SceneOptions): Promise<HeadScene> {
    const objects = await openObjectStore(storeConfigOf(servers));
    await objects.put('data-preparer', DATASET, Buffer.from('a,b\n1,2\n'));
    let ended = (error: Error): void => void error;
    const onFatal = (error: Error): void => ended(error);
    const head = await openHead(servers, databaseUrl === undefined ? { onFatal } : { onFatal, databaseUrl });
    const { address } = head;
    const agent = await TestAgent.start({ address, secret: servers.secret, natsUrl: servers.natsUrl, node, incarnation });
    const connection = connectHead({ address, secret: servers.secret });
    const clients = new HeadClients(address, servers.secret);
    const scene = new HeadScene(head, agent, connection, clients, clients.actors(servers.secret));
    ended = (error) => (scene.fatal = error);
    return scene;
  }

  /** An actor that the agent says is running. */
  async runningActor() {
    const { agent, calls, clients } = this;
    const session = await clients.session();
    const spec = actorIn(session.id);
    const created = calls.create(spec);
    const { lease } = await agent.placement(agent.placed.length + 1);
    await agent.fact(lease, { kind: 'started', pid: 7 });
    await agent.fact(lease, { kind: 'ready', address: '127.0.0.1:7' });
    await created;
    return { spec, lease, session };
  }

  async close(): Promise<void> {
    this.connection.close();
    this.clients.close();
    await this.agent.close();
    await this.head.close();
  }
}
