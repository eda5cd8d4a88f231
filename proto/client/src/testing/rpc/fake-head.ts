import { createHash } from 'node:crypto';
import type { sendUnaryData, ServerDuplexStream, ServerReadableStream, ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import { leaseId, nodeId, TrainerError, type ActorView, type DeathCause } from '@trainer/model';
import { GrpcServer, systemClock } from '@trainer/runtime';
import {
  ActorServiceService,
  BundleServiceService,
  ClusterServiceService,
  decodeCreateActor,
  encodeActorView,
  encodeErrorData,
  errorToStatus,
  JobServiceService,
  SessionServiceService,
  type CreateActor,
  type JobServiceServer,
  type pb,
} from '@trainer/wire';

/** A session's stream, as the head sees it. */
class SeenSession {
  beats = 0;
  isClosed = false;
  constructor(
    readonly hello: pb.SessionHello,
    readonly cut: () => void,
  ) {}
}

/** A head in this process: real sockets, our codecs, and answers that the test chooses. */
export class FakeHead {
  readonly secret = 'the-secret';
  address = '';
  readonly creates: CreateActor[] = [];
  readonly kills: pb.KillActorRequest[] = [];
  readonly uploads: { hash: string; chunks: number; isWhole: boolean }[] = [];
  readonly sessions: SeenSession[] = [];
  /** What becomes of a create; by default it is alive at `actorAddress`. */
  onCreate: (request: CreateActor) => ActorView | Promise<ActorView> = (request) => this.alive(request);
  sessionRefusal: pb.Error | null = null;
  graceMs = 30_000;
  isEchoing = true;
  actorAddress = '127.0.0.1:1';
  actorToken = 'token';
  jobs: Partial<JobServiceServer> = {};
  /** Answers of unary requests that get lost: so many break the connection instead. */
  losses = 0;
  readonly views = new Map<string, ActorView>();
  #server: GrpcServer | null = null;
  #port = 0;

  async start(): Promise<this> {
    this.#server = new GrpcServer({ secret: this.secret, toStatus: errorToStatus });
    this.#addServices(this.#server);
    this.#port = await this.#server.listen('127.0.0.1', { from: this.#port, to: this.#port });
    this.address = `127.0.0.1:${this.#port}`;
    return this;
  }

  async stop(): Promise<void> {
    if (this.#server) await this.#server.close(systemClock(), 0);
    this.#server = null;
  }

  alive({ spec }: CreateActor): ActorView {
    const state = {
      at: 'alive',
      since: 5,
      lease: leaseId('1-1'),
      incarnation: 1,
      node: nodeId('node-0123456789ab'),
      address: this.actorAddress,
    } as const;
    const { id, className, session, name, namespace, resources, maxRestarts, maxCallRetries } = spec;
    const identity = { id, className, session, name, namespace, resources, maxRestarts, maxCallRetries };
    return { ...identity, restarts: 0, deaths: [], state, token: this.actorToken };
  }

  /** What the constructor of that create was to be called with, as MessagePack. */
  argsOf(create: number): Uint8Array {
    const args = this.creates[create]?.spec.args;
    return args?.kind === 'inline' ? args.bytes : new Uint8Array();
  }

  dead(request: CreateActor, cause: DeathCause): ActorView {
    return { ...this.alive(request), state: { at: 'dead', since: 6, cause }, token: null };
  }

  #addServices(server: GrpcServer): void {
    server.addService(ActorServiceService, {
      create: this.#unary((wire: pb.CreateActorRequest) => this.#create(decodeCreateActor(wire))),
      kill: this.#unary((wire: pb.KillActorRequest) => this.#kill(wire)),
      get: this.#unary((wire: pb.GetActorRequest) => encodeActorView(wire.name ? this.#named(wire.name) : this.#view(wire.id))),
      list: this.#unary(() => ({ actors: [...this.views.values()].map(encodeActorView) })),
      logs: (call: ServerWritableStream<pb.LogsRequest, pb.LogLine>) => {
        for (const line of ['one', 'two']) call.write({ lease: '1-1', at: 7, isStderr: false, line: `${call.request.of}: ${line}` });
        if (!call.request.follow) call.end();
      },
    });
    server.addService(BundleServiceService, {
      has: this.#unary((wire: pb.BundleRef) => ({ has: this.uploads.some(({ hash }) => hash === wire.hash) })),
      upload: (call: ServerReadableStream<pb.BundleChunk, pb.BundleRef>, done: sendUnaryData<pb.BundleRef>) => this.#upload(call, done),
      fetch: () => undefined,
      uploadArgs: () => undefined,
      fetchArgs: () => undefined,
    });
    server.addService(ClusterServiceService, { status: this.#unary(() => STATUS) });
    server.addService(SessionServiceService, { attach: (call: ServerDuplexStream<pb.FromSession, pb.ToSession>) => this.#attach(call) });
    const refuse = (_call: unknown, done: sendUnaryData<never>): void => done({ code: 12, details: 'not in this test' });
    const names = [
      'submit',
      'submitAll',
      'get',
      'list',
      'cancel',
      'progress',
      'events',
      'getModel',
      'listModels',
      'listExperiments',
      'leaderboard',
      'deleteModel',
    ];
    const jobs = { ...Object.fromEntries(names.map((name) => [name, refuse])), ...this.jobs } as JobServiceServer;
    server.addService(JobServiceService, jobs);
  }

  #unary<Request, Reply>(handle: (request: Request) => Reply | Promise<Reply>) {
    return (call: ServerUnaryCall<Request, Reply>, done: sendUnaryData<Reply>): void => {
      void (async () => handle(call.request))().then(
        (reply) => {
          if (this.losses > 0) {
            this.losses -= 1;
            void this.stop().then(() => this.start());
          } else done(null, reply);
        },
        (error: unknown) => done(errorToStatus(error)),
      );
    };
  }

  async #create(request: CreateActor): Promise<pb.ActorView> {
    this.creates.push(request);
    const view = await this.onCreate(request);
    this.views.set(view.id, view);
    return encodeActorView(view);
  }

  #kill(wire: pb.KillActorRequest): pb.ActorView {
    this.kills.push(wire);
    const view = this.views.get(wire.id);
    if (!view) throw new TrainerError('actor.not-found', `no actor ${wire.id}`, { actor: wire.id });
    const dead: ActorView = { ...view, state: { at: 'dead', since: 9, cause: { kind: 'killed', by: wire.by } }, token: null };
    this.views.set(wire.id, dead);
    return encodeActorView(dead);
  }

  #view(id: string): ActorView {
    const view = this.views.get(id);
    if (!view) throw new TrainerError('actor.not-found', `no actor ${id}`, { actor: id });
    return view;
  }

  #named({ namespace, name }: { namespace: string; name: string }): ActorView {
    const view = [...this.views.values()].find((one) => one.name === name && one.namespace === namespace && one.state.at !== 'dead');
    if (!view) throw new TrainerError('actor.not-found', `no actor named ${name}`, { name, namespace });
    return view;
  }

  #upload(call: ServerReadableStream<pb.BundleChunk, pb.BundleRef>, done: sendUnaryData<pb.BundleRef>): void {
    const chunks: pb.BundleChunk[] = [];
    call.on('data', (chunk: pb.BundleChunk) => chunks.push(chunk));
    call.on('end', () => {
      const hash = chunks[0]?.hash ?? '';
      const sum = createHash('sha256').update(Buffer.concat(chunks.map(({ data }) => data)));
      this.uploads.push({ hash, chunks: chunks.length, isWhole: sum.digest('hex') === hash });
      done(null, { hash });
    });
  }

  #attach(call: ServerDuplexStream<pb.FromSession, pb.ToSession>): void {
    let seen: SeenSession | null = null;
    call.on('error', () => undefined);
    call.on('data', ({ message }: pb.FromSession) => {
      if (message?.$case === 'hello') {
        seen = new SeenSession(message.value, () => call.emit('error', { code: 14, details: 'cut' }));
        this.sessions.push(seen);
        call.write({
          message: this.sessionRefusal
            ? { $case: 'refused', value: this.sessionRefusal }
            : { $case: 'welcome', value: { headEpoch: 1, graceMs: this.graceMs } },
        });
      } else if (message?.$case === 'beat' && seen) {
        seen.beats += 1;
        if (this.isEchoing) call.write({ message: { $case: 'echo', value: message.value } });
      } else if (message?.$case === 'close' && seen) seen.isClosed = true;
    });
    call.on('end', () => call.end());
  }
}

/** A refusal as the wire has it. */
export function refusalOf(code: string, message: string): pb.Error {
  return encodeErrorData({ code, message, facts: {}, retry: 'never' });
}

const STATUS: pb.ClusterStatus = {
  headEpoch: 3,
  version: '0.1.0',
  uptimeMs: 5,
  databaseConnected: true,
  databaseTrouble: '',
  messagesConnected: false,
  storeConnected: true,
  nodes: [],
  jobsRunning: 1,
  jobsPending: 2,
  actorsAlive: 3,
  protocol: { major: 1, minor: 0 },
};
