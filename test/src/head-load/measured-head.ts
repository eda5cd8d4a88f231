import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { connectHead } from '@trainer/client/internal';
import type { HeadConnection } from '@trainer/client/internal';
import { nodeId } from '@trainer/model';
import type { HeldLease } from '@trainer/model';
import { openObjectStore } from '@trainer/storage';
import { startRealServers } from '../real-servers.js';
import type { RealServers } from '../real-servers.js';
import { actorIn, HeadClients } from '../rpc/head-clients.js';
import { storeConfigOf } from '../rpc/open-head.js';
import { TestAgent } from '../rpc/test-agent.js';
import type { Answer, Ask, Longest } from './head-process.js';

const PROGRAM = fileURLToPath(new URL('./head-process.js', import.meta.url));
const CPUS = 1_000_000_000;
/** So that a node holds as many as are wanted. */
const TINY = { cpuMilli: 1, memoryBytes: 1_024, gpuMilli: 0 };
/** So many creates are under way at once at most: as many as a client lets wait. */
const CREATES = 10_000;

/** A real head in a process of its own, with PostgreSQL and NATS, agents without processes, and clients. */
export class MeasuredHead {
  readonly agents: TestAgent[] = [];

  private constructor(
    private readonly servers: RealServers,
    private readonly child: ChildProcess,
    private readonly address: string,
    readonly connection: HeadConnection,
    private readonly clients: HeadClients,
  ) {}

  static async start(maxParallelJobs: number): Promise<MeasuredHead> {
    const servers = await startRealServers();
    const objects = await openObjectStore(storeConfigOf(servers));
    await objects.put('data-preparer', 'iris.csv', Buffer.from('a,b\n1,2\n'));
    const child = fork(PROGRAM, { execArgv: nodeFlags(), stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const answer = await asked(child, { ask: 'open', servers, maxParallelJobs });
    const address = 'address' in answer ? answer.address : '';
    const { secret } = servers;
    return new MeasuredHead(servers, child, address, connectHead({ address, secret }), new HeadClients(address, secret));
  }

  /** Agents that run whatever they are given. */
  async addAgents(count: number, cpuMilli = CPUS): Promise<void> {
    for (let n = 0; n < count; n += 1) {
      const agent = await this.#agent(this.agents.length + 1, 1);
      agent.answer = ({ lease }) => {
        agent.tell(lease, { kind: 'started', pid: 7 });
        agent.tell(lease, { kind: 'ready', address: '127.0.0.1:7' });
        return { kind: 'granted' };
      };
      await agent.connect([], cpuMilli);
      this.agents.push(agent);
    }
  }

  #agent(n: number, incarnation: number): Promise<TestAgent> {
    const node = nodeId(`node-${String(n).padStart(12, '0')}`);
    return TestAgent.start({ address: this.address, secret: this.servers.secret, natsUrl: this.servers.natsUrl, node, incarnation });
  }

  /** @returns what was longest during the work */
  async during(work: () => Promise<void>): Promise<Longest> {
    await asked(this.child, { ask: 'begin' });
    await work();
    const answer = await asked(this.child, { ask: 'end' });
    if (!('roundMs' in answer)) throw new Error('the head answered something else');
    return answer;
  }

  /** Creates actors at once. @throws unless all run */
  async createActors(count: number): Promise<void> {
    const calls = this.clients.actors(this.servers.secret);
    for (let left = count; left > 0; left -= CREATES) {
      const specs = Array.from({ length: Math.min(left, CREATES) }, () => actorIn(null, 1, { resources: TINY }));
      const views = await Promise.all(specs.map((spec) => calls.create(spec, 120_000)));
      if (views.some(({ state }) => state.at !== 'alive')) throw new Error('not all actors run');
    }
  }

  /** The only agent says hello anew with all that it was given; or another incarnation of it, with nothing. */
  async helloAgain(isNewIncarnation: boolean): Promise<void> {
    const [agent] = this.agents;
    if (agent === undefined) throw new Error('there is no agent');
    const held = agent.placed.map(({ lease }): HeldLease => ({ lease, state: 'ready' }));
    if (!isNewIncarnation) {
      const { verdicts } = await agent.connect(held, CPUS);
      if (verdicts.filter(({ verdict }) => verdict === 'keep').length !== held.length) throw new Error('not all leases are kept');
      return;
    }
    await agent.close();
    const next = await this.#agent(1, 2);
    this.agents[0] = next;
    await next.connect([], CPUS);
  }

  async close(): Promise<void> {
    this.connection.close();
    this.clients.close();
    for (const agent of this.agents) await agent.close();
    this.child.disconnect();
    await once(this.child, 'exit');
    await this.servers.stop();
  }
}

/** Such as `--cpu-prof --cpu-prof-dir=...`, as for the other benchmarks. */
function nodeFlags(): string[] {
  return (process.env['BENCH_NODE_FLAGS'] ?? '').split(' ').filter((flag) => flag !== '');
}

async function asked(child: ChildProcess, ask: Ask): Promise<Answer> {
  child.send(ask);
  const [answer] = (await once(child, 'message')) as [Answer];
  return answer;
}
