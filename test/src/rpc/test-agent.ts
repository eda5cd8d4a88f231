import type { ClientDuplexStream } from '@grpc/grpc-js';
import { PROTOCOL } from '@trainer/model';
import type { AgentCommand, Fact, FactBody, HeldLease, Hello, LeaseId, NodeId, PlaceReply, PlaceRequest, ToAgent } from '@trainer/model';
import { connectMessages, openClient, silentLogger, systemClock, until } from '@trainer/runtime';
import type { Messages } from '@trainer/runtime';
import { AgentServiceClient, decodePlaceRequest, decodeToAgent, encodeFromAgent, encodePlaceReply, placeSubject } from '@trainer/wire';
import type { pb } from '@trainer/wire';

export interface TestAgentOptions {
  readonly address: string;
  readonly secret: string;
  readonly natsUrl: string;
  readonly node: NodeId;
  readonly incarnation?: number;
}

type Stream = ClientDuplexStream<pb.FromAgent, pb.ToAgent>;
const WAIT_MS = 60_000;
const RECONNECT_MS = 20;

/** An agent that has no processes: it says what a test tells it to. It grants every placement, unless `answer` says otherwise. */
export class TestAgent {
  readonly received: ToAgent[] = [];
  readonly placed: PlaceRequest[] = [];
  /** Its heartbeats do not come, though its stream is open. */
  isMute = false;
  isDraining = false;
  /** Of a head that it obeyed earlier. */
  newestHeadEpoch = 0;
  answer: (request: PlaceRequest) => PlaceReply = () => ({ kind: 'granted' });
  #stream: Stream | null = null;
  #beats: NodeJS.Timeout | null = null;
  #facts: Fact[] = [];
  #hellos = 0;
  #isEnded = false;

  private constructor(
    private readonly options: TestAgentOptions,
    private readonly client: AgentServiceClient,
    private readonly messages: Messages,
  ) {}

  static async start(options: TestAgentOptions): Promise<TestAgent> {
    const messages = await connectMessages({
      servers: [options.natsUrl],
      token: options.secret,
      name: 'test-agent',
      logger: silentLogger,
      random: () => 0.5,
    });
    const agent = new TestAgent(options, openClient(AgentServiceClient, options.address, options.secret), messages);
    messages.serve(placeSubject(options.node, options.incarnation ?? 1), async (bytes) => {
      const request = decodePlaceRequest(bytes);
      agent.placed.push(request);
      return encodePlaceReply(agent.answer(request));
    });
    await messages.flush();
    return agent;
  }

  /** Says hello and waits for the welcome; a stream that ends before is opened again. */
  async connect(leases: readonly HeldLease[] = [], cpuMilli = 2_000): Promise<Extract<ToAgent, { kind: 'welcome' }>> {
    this.disconnect();
    const from = this.received.length;
    this.#hello(leases, cpuMilli);
    return this.next('welcome', (message): message is Extract<ToAgent, { kind: 'welcome' }> => message.kind === 'welcome', from);
  }

  #hello(leases: readonly HeldLease[], cpuMilli: number): void {
    const stream = this.client.connect();
    this.#stream = stream;
    let isWelcome = false;
    this.#isEnded = false;
    stream.on('data', (message: pb.ToAgent) => {
      isWelcome ||= message.message?.$case === 'welcome';
      this.#receive(decodeToAgent(message));
    });
    stream.on('error', () => undefined);
    stream.once('status', () => {
      if (this.#stream === stream) this.#isEnded = true;
      if (isWelcome || this.#stream !== stream) return;
      clearInterval(this.#beats ?? undefined);
      setTimeout(() => this.#stream === stream && this.#hello(leases, cpuMilli), RECONNECT_MS);
    });
    const hello: Hello = {
      protocol: PROTOCOL,
      node: this.options.node,
      incarnation: this.options.incarnation ?? 1,
      number: (this.#hellos += 1),
      host: 'test',
      version: '0.1.0',
      capacity: { cpuMilli, memoryBytes: 2 ** 33, gpus: [] },
      labels: {},
      leases,
      newestFact: this.#facts.length,
      newestHeadEpoch: this.newestHeadEpoch,
      natsConnected: true,
      isDraining: this.isDraining,
      engines: [{ engine: 'xgboost', unavailable: null }],
    };
    stream.write(encodeFromAgent({ kind: 'hello', hello }));
    let number = 0;
    this.#beats = setInterval(
      () =>
        this.isMute ||
        stream.write(encodeFromAgent({ kind: 'heartbeat', number: ++number, natsConnected: true, isDraining: this.isDraining })),
      100,
    );
  }

  #receive(message: ToAgent): void {
    this.received.push(message);
    if (message.kind === 'hello-read') this.#sendFacts(this.#facts.filter((fact) => fact.number > message.storedFact));
  }

  /** Reports a fact; it is kept, and sent again after a reconnect. @returns its number once the head has dealt with it */
  async fact(lease: LeaseId, body: FactBody): Promise<Extract<ToAgent, { kind: 'ack' }>> {
    const from = this.received.length;
    const fact = this.tell(lease, body);
    return this.next(
      'acknowledgement',
      (message): message is Extract<ToAgent, { kind: 'ack' }> => message.kind === 'ack' && message.storedFact >= fact.number,
      from,
    );
  }

  /** Reports facts in messages of so many. @returns once the head has dealt with the last of them */
  async manyFacts(lease: LeaseId, bodies: readonly FactBody[], together: number, withinMs: number): Promise<void> {
    const facts = bodies.map((body, n): Fact => ({ number: this.#facts.length + n + 1, lease, body }));
    this.#facts.push(...facts);
    const last = this.#facts.length;
    for (let n = 0; n < facts.length; n += together) this.#sendFacts(facts.slice(n, n + together));
    const isDealt = (message: ToAgent): boolean => message.kind === 'ack' && message.storedFact >= last;
    await until('the last acknowledgement', () => this.received.some(isDealt), { clock: systemClock(), deadlineMs: withinMs });
    const refused = this.received.flatMap((message) => (message.kind === 'ack' ? message.refused : []));
    if (refused.length > 0) throw new Error(`${refused.length} facts were refused: ${refused[0]?.why}`);
  }

  /** Reports a fact as above, and does not wait. */
  tell(lease: LeaseId, body: FactBody): Fact {
    const fact: Fact = { number: this.#facts.length + 1, lease, body };
    this.#facts.push(fact);
    this.#sendFacts([fact]);
    return fact;
  }

  /** Sends facts as they are, such as old ones again. */
  #sendFacts(facts: readonly Fact[]): void {
    if (facts.length > 0) this.#stream?.write(encodeFromAgent({ kind: 'facts', facts }));
  }

  repeatFacts(): void {
    this.#sendFacts(this.#facts);
  }

  async next<Message extends ToAgent>(what: string, is: (message: ToAgent) => message is Message, from = 0): Promise<Message> {
    return until(`the head sends ${what}`, () => this.received.slice(from).find(is), {
      clock: systemClock(),
      deadlineMs: WAIT_MS,
      describe: () => JSON.stringify(this.received.filter((message) => message.kind !== 'echo')),
    });
  }

  async command<Kind extends AgentCommand['kind']>(kind: Kind, lease: LeaseId): Promise<Extract<AgentCommand, { kind: Kind }>> {
    const is = (message: ToAgent): message is Extract<ToAgent, { kind: 'command' }> =>
      message.kind === 'command' && message.command.kind === kind && 'lease' in message.command && message.command.lease === lease;
    return (await this.next(kind, is)).command as Extract<AgentCommand, { kind: Kind }>;
  }

  /** Waits for the n-th placement, from 1. */
  async placement(n: number): Promise<PlaceRequest> {
    return until(`placement ${n}`, () => this.placed[n - 1], {
      clock: systemClock(),
      deadlineMs: WAIT_MS,
      describe: () => JSON.stringify(this.placed.length),
    });
  }

  /** Waits until the head has ended the stream. */
  async ended(): Promise<void> {
    await until('the head ends the stream', () => this.#isEnded, { clock: systemClock(), deadlineMs: WAIT_MS });
  }

  /** The stream breaks; what the agent holds stays. */
  disconnect(): void {
    clearInterval(this.#beats ?? undefined);
    this.#stream?.cancel();
    this.#stream = null;
  }

  async close(): Promise<void> {
    this.disconnect();
    this.client.close();
    await this.messages.close();
  }
}
