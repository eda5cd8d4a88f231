import { createHash } from 'node:crypto';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import {
  bundleHash,
  leaseId,
  streamId,
  type BundleHash,
  type DeathCause,
  type Fact,
  type FromAgent,
  type Hello,
  type PlaceReply,
  type PlaceRequest,
  type RefusedFact,
  type ToAgent,
} from '@trainer/model';
import { GrpcServer, systemClock, until, type Messages } from '@trainer/runtime';
import {
  AgentServiceService,
  BundleServiceService,
  decodeFromAgent,
  decodePlaceReply,
  encodePlaceRequest,
  encodeToAgent,
  errorToStatus,
  placeSubject,
  type pb,
} from '@trainer/wire';

type Stream = ServerDuplexStream<pb.FromAgent, pb.ToAgent>;

/** Facts that a process makes and waits for. */
const REPORTS: ReadonlySet<Fact['body']['kind']> = new Set(['rank', 'state']);

/** The head's side of the stream, for tests: stores every fact, echoes every heartbeat, keeps every lease. */
export class FakeHead {
  readonly hellos: Hello[] = [];
  readonly facts: Fact[] = [];
  /** What the newest heartbeat said. */
  newestBeat: Extract<FromAgent, { kind: 'heartbeat' }> | null = null;
  readonly #bundles = new Map<string, Buffer>();
  readonly #server: GrpcServer;
  #stream: Stream | null = null;
  #streams = 0;
  headEpoch = 1;
  doesEcho = true;
  /** Why reports of ranks and states of actors are refused; null: they are stored. */
  refusesReports: string | null = null;
  port = 0;
  /** The chunks in which large arguments of every actor come. */
  args: readonly Buffer[] = [];

  constructor(readonly secret: string) {
    this.#server = new GrpcServer({ secret, toStatus: errorToStatus });
    this.#server.addService(AgentServiceService, { connect: (stream: Stream) => this.#serve(stream) });
    this.#server.addService(BundleServiceService, {
      has: (_call: unknown, done: (error: null, reply: pb.HasBundleReply) => void) => done(null, { has: true }),
      upload: () => undefined,
      fetch: (call: { request: pb.BundleRef; write(chunk: pb.BundleChunk): void; end(): void }) => {
        const { hash } = call.request;
        call.write({ hash, data: this.#bundles.get(hash) ?? Buffer.alloc(0) });
        call.end();
      },
      uploadArgs: () => undefined,
      fetchArgs: (call: { request: pb.ArgsRef; write(chunk: pb.ArgsChunk): void; end(): void }) => {
        for (const data of this.args) call.write({ of: undefined, data });
        call.end();
      },
    });
  }

  async listen(): Promise<string> {
    this.port = await this.#server.listen('127.0.0.1', { from: this.port, to: this.port });
    return `127.0.0.1:${this.port}`;
  }

  close(): void {
    this.#server.cut();
  }

  /** Ends the stream, as a head that restarts. */
  cut(): void {
    this.#stream?.end();
  }

  addBundle(code: string): BundleHash {
    const hash = createHash('sha256').update(code).digest('hex');
    this.#bundles.set(hash, Buffer.from(code));
    return bundleHash(hash);
  }

  send(message: ToAgent): void {
    this.#stream?.write(encodeToAgent(message));
  }

  async place(messages: Messages, request: Pick<PlaceRequest, 'lease' | 'action'>): Promise<PlaceReply> {
    const hello = this.hellos[0];
    if (hello === undefined) throw new Error('no agent said hello');
    const whole: PlaceRequest = { stream: this.#streamId(), headEpoch: this.headEpoch, lowWater: leaseId('1-1'), ...request };
    const bytes = await messages.request(placeSubject(hello.node, hello.incarnation), encodePlaceRequest(whole), 5_000);
    return decodePlaceReply(bytes);
  }

  fact<Kind extends Fact['body']['kind']>(lease: string, kind: Kind): Promise<Extract<Fact['body'], { kind: Kind }>> {
    const find = (): Fact | undefined => this.facts.find((fact) => fact.lease === lease && fact.body.kind === kind);
    const wait = until(`the fact ${kind} of ${lease}`, find, {
      clock: systemClock(),
      deadlineMs: 15_000,
      everyMs: 5,
      describe: () => JSON.stringify(this.facts),
    });
    return wait.then((fact) => fact.body as Extract<Fact['body'], { kind: Kind }>);
  }

  async ended(lease: string): Promise<DeathCause> {
    return (await this.fact(lease, 'ended')).cause;
  }

  #streamId() {
    return streamId(`stream-${String(this.#streams).padStart(16, '0')}`);
  }

  #serve(stream: Stream): void {
    this.#streams += 1;
    this.#stream = stream;
    stream.on('data', (wire: pb.FromAgent) => this.#onMessage(decodeFromAgent(wire)));
    stream.on('error', () => undefined);
    stream.on('end', () => stream.end());
  }

  #onMessage(message: FromAgent): void {
    switch (message.kind) {
      case 'hello': {
        this.hellos.push(message.hello);
        this.send({ kind: 'hello-read', headEpoch: this.headEpoch, storedFact: this.facts.at(-1)?.number ?? 0 });
        const verdicts = message.hello.leases.map(({ lease }) => ({ lease, verdict: 'keep' as const }));
        this.send({ kind: 'welcome', stream: this.#streamId(), headEpoch: this.headEpoch, lowWater: leaseId('1-1'), verdicts });
        return;
      }
      case 'heartbeat':
        this.newestBeat = message;
        if (this.doesEcho) this.send({ kind: 'echo', number: message.number, headEpoch: this.headEpoch });
        return;
      case 'facts':
        this.facts.push(...message.facts);
        this.send({ kind: 'ack', storedFact: message.facts.at(-1)?.number ?? 0, refused: this.#refused(message.facts) });
    }
  }

  #refused(facts: readonly Fact[]): RefusedFact[] {
    const why = this.refusesReports;
    return why === null ? [] : facts.flatMap(({ number, body }) => (REPORTS.has(body.kind) ? [{ number, why }] : []));
  }
}
