import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { PROTOCOL } from '@trainer/model';
import {
  ActorServiceService,
  AgentServiceService,
  BundleServiceService,
  ClusterServiceService,
  decodeJobNewsBytes,
  decodeLogLineBytes,
  decodePlaceReply,
  decodePlaceRequest,
  encodeCreateActor,
  JobServiceService,
  SessionServiceService,
  WireFormatError,
} from '@trainer/wire';
import { actorIn } from '../../rpc/head-clients.js';
import { Seeded } from '../../simulation/seeded.js';

/** What was done, and what came of it. */
export interface Figures {
  streams: number;
  frames: number;
  /** Streams by the gRPC status that ended them; `left`: the fuzzer left them. */
  readonly ended: Map<string, number>;
  /** Messages given to the readers of NATS subjects. */
  messages: number;
}

interface Method {
  readonly path: string;
  readonly requestStream: boolean;
}

const SERVICES = [
  AgentServiceService,
  SessionServiceService,
  ActorServiceService,
  BundleServiceService,
  ClusterServiceService,
  JobServiceService,
];
const METHODS: readonly Method[] = SERVICES.flatMap((service) => Object.values(service) as Method[]);
/** An answer to a stream that has been half-closed; a create may wait for as long as it asks. */
const ANSWER_MS = 500;
const SESSION = 'session-00000000000000ff';

/** Requests that are right, so that what is changed in them gets far. */
const RIGHT: readonly Buffer[] = [
  AgentServiceService.connect.requestSerialize({
    message: {
      $case: 'hello',
      value: {
        protocol: PROTOCOL,
        node: 'node-0000000000ff',
        incarnation: 1,
        host: 'h',
        version: '0',
        capacity: { cpuMilli: 1, memoryBytes: 1, gpus: [] },
        labels: { a: 'b' },
        leases: [],
        newestFact: 1,
        newestHeadEpoch: 1,
        natsConnected: true,
        engines: [],
        isDraining: false,
        number: 1,
      },
    },
  }),
  AgentServiceService.connect.requestSerialize({
    message: { $case: 'heartbeat', value: { number: 1, natsConnected: true, isDraining: false } },
  }),
  AgentServiceService.connect.requestSerialize({
    message: { $case: 'facts', value: { facts: [{ number: 1, lease: '1-1', body: { $case: 'startedPid', value: 1 } }] } },
  }),
  SessionServiceService.attach.requestSerialize({
    message: { $case: 'hello', value: { session: SESSION, protocol: PROTOCOL, clientVersion: '0' } },
  }),
  SessionServiceService.attach.requestSerialize({ message: { $case: 'close', value: {} } }),
  ActorServiceService.create.requestSerialize(encodeCreateActor({ spec: actorIn(null), timeoutMs: 1, getIfExists: false })),
  ActorServiceService.get.requestSerialize({ id: 'actor-0000000000000001', waitMs: 1 }),
  BundleServiceService.upload.requestSerialize({ hash: 'f'.repeat(64), data: Buffer.from('code') }),
  BundleServiceService.uploadArgs.requestSerialize({
    of: { actor: 'actor-0000000000000001', args: { bytes: 4, sha256: 'f'.repeat(64) } },
    data: Buffer.from('args'),
  }),
  JobServiceService.get.requestSerialize({ job: 'train_000000000000' }),
  JobServiceService.listModels.requestSerialize({ page: 1, pageSize: 1 }),
];

/** Sends a head what no client of ours would, over HTTP/2 as it is. */
export class HeadFuzzer {
  readonly figures: Figures = { streams: 0, frames: 0, ended: new Map(), messages: 0 };
  readonly #random: Seeded;

  constructor(
    private readonly address: string,
    private readonly secret: string,
    seed: number,
  ) {
    this.#random = new Seeded(seed);
  }

  /** One connection with some streams at once, of which one in ten shows no secret; resolves when all have ended. */
  async round(): Promise<void> {
    const session = connectHttp2(`http://${this.address}`);
    session.on('error', () => undefined);
    try {
      await Promise.all(Array.from({ length: 8 }, () => this.#stream(session)));
    } finally {
      session.destroy();
    }
    this.#messages();
  }

  #stream(session: ClientHttp2Session): Promise<void> {
    const random = this.#random;
    const method = random.pick(METHODS) ?? METHODS[0];
    const headers = {
      ':method': 'POST',
      ':path': random.chance(0.02) ? '/trainer.v1.None/None' : (method?.path ?? '/'),
      'content-type': 'application/grpc',
      te: 'trailers',
      ...(random.chance(0.9) ? { authorization: `Bearer ${this.secret}` } : {}),
    };
    this.figures.streams += 1;
    return new Promise((resolve) => {
      const stream = session.request(headers, { endStream: false });
      let status = 'left';
      const take = (sent: { readonly [name: string]: unknown }): void => {
        const told = sent['grpc-status'];
        if (typeof told === 'string') status = told;
      };
      const timer = setTimeout(() => stream.close(), ANSWER_MS);
      stream
        .on('response', take)
        .on('trailers', take)
        .on('error', () => undefined);
      stream.once('close', () => {
        clearTimeout(timer);
        this.figures.ended.set(status, (this.figures.ended.get(status) ?? 0) + 1);
        resolve();
      });
      stream.resume();
      for (let left = random.int(0, 6); left > 0; left -= 1) this.#write(stream);
      const end = random.next();
      if (end < 0.7) stream.end();
      else if (end < 0.85) stream.close(8);
    });
  }

  /** A frame of gRPC, or what is none; sometimes in two parts, sometimes twice. */
  #write(stream: NodeJS.WritableStream): void {
    const random = this.#random;
    const frame = this.#frame(this.#payload());
    for (let times = random.chance(0.1) ? 2 : 1; times > 0; times -= 1) {
      const cut = random.chance(0.2) ? random.int(0, frame.length) : frame.length;
      stream.write(frame.subarray(0, cut));
      if (random.chance(0.9)) stream.write(frame.subarray(cut));
      this.figures.frames += 1;
    }
  }

  #payload(): Buffer {
    const random = this.#random;
    if (random.chance(0.2)) return Buffer.from(random.bytes(random.int(0, 300)));
    const right = Buffer.from(random.pick(RIGHT) ?? []);
    for (let changes = random.int(0, 4); changes > 0 && right.length > 0; changes -= 1)
      right[random.int(0, right.length - 1)] = random.int(0, 255);
    if (random.chance(0.1)) return right.subarray(0, random.int(0, right.length));
    return random.chance(0.1) ? Buffer.concat([right, Buffer.from(random.bytes(random.int(1, 2_000)))]) : right;
  }

  #frame(payload: Buffer): Buffer {
    const random = this.#random;
    const head = Buffer.alloc(5);
    head[0] = random.chance(0.03) ? random.int(1, 255) : 0;
    head.writeUInt32BE(random.chance(0.03) ? random.int(0, 2 ** 32 - 1) : payload.length, 1);
    return Buffer.concat([head, payload]);
  }

  /** What an authenticated peer may publish is read by these, whose callers bear a WireFormatError and nothing else. */
  #messages(): void {
    for (const read of [decodePlaceRequest, decodePlaceReply, decodeJobNewsBytes, decodeLogLineBytes]) {
      for (let left = 10; left > 0; left -= 1) {
        this.figures.messages += 1;
        try {
          read(this.#payload());
        } catch (error) {
          if (!(error instanceof WireFormatError)) throw error;
        }
      }
    }
  }
}
