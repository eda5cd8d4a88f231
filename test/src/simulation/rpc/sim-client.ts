import { fromErrorData, jobId, PROTOCOL } from '@trainer/model';
import type { ActorId, ActorSpec, JobId, SessionId, TrainerError } from '@trainer/model';
import { aSentTrainRequest } from '@trainer/model/testing';
import { newActorId, newSessionId, sleep } from '@trainer/runtime';
import {
  decodeActorView,
  decodeErrorData,
  decodeJob,
  encodeCreateActor,
  encodeProtocol,
  encodeSentRequest,
  statusToError,
} from '@trainer/wire';
import type { pb } from '@trainer/wire';
import type { HeadServices } from '@trainer/head/internal';
import type { Ground, HeadPart } from '../ground.js';
import { Machine, SimProcess } from '../world.js';
import { callOnce, NoAnswerError, openStream, type ClientStream, type UnaryHandler } from './connection.js';

const BEAT_MS = 1_000;
const SILENT_MS = 5_000;
const RECONNECT_MS = 100;
/** Tries of one request; each may have been done without its answer being heard. */
const TRIES = 200;
const ANSWER_MS = 90_000;
const CANCEL_WAIT_MS = 5_000;

/** What a client wants of an actor. */
export interface WantedActor {
  readonly cpuMilli: number;
  /** 0: the head's own. */
  readonly timeoutMs: number;
  readonly maxRestarts: number;
  readonly name: string | null;
  readonly isDetached: boolean;
  readonly getIfExists: boolean;
  /** Of the constructor's arguments. */
  readonly argsBytes: number;
}

/** A program that holds a session, creates and kills actors, and submits jobs; it repeats what got no answer. */
export class SimClient {
  readonly process: SimProcess;
  session: SessionId;
  /** Its session was closed by itself. */
  hasClosed = false;
  readonly actors: ActorId[] = [];
  #stream: ClientStream<pb.FromSession> | null = null;
  #isWelcome = false;
  #heardMs = 0;
  #beats = 0;
  /** Which of the heads' addresses is tried next. */
  #tried = 0;
  #attachedTo: HeadPart | null = null;

  constructor(
    readonly cluster: Ground,
    n: number,
  ) {
    this.process = new SimProcess(cluster.world, `client${n}`, new Machine(`client${n}`));
    this.session = newSessionId(cluster.world.random.bytes);
    cluster.witness.sessionOpened(this.session);
    this.#connect();
    this.#beat();
  }

  #connect(): void {
    const { cluster, process } = this;
    if (this.hasClosed || this.#stream !== null) return;
    const head = this.#nextHead();
    const again = (): void => {
      process.clock.after(RECONNECT_MS, () => this.#connect());
    };
    if (head === null) {
      again();
      return;
    }
    this.#heardMs = process.clock.monotonicMs();
    const { session } = this;
    const stream = openStream<pb.FromSession, pb.ToSession>({
      link: cluster.linkBetween(process.machine.name, head.machine.name),
      client: process,
      server: head.process,
      accept: (call) => head.accept('sessions', call),
      onMessage: ({ message }) => {
        if (this.#stream !== stream || message === undefined) return;
        this.#heardMs = process.clock.monotonicMs();
        if (message.$case === 'welcome') this.#isWelcome = true;
        if (message.$case === 'refused') this.#refused(fromErrorData(decodeErrorData(message.value, 'refused')));
        else if (this.#isWelcome) cluster.witness.contact(session, head);
      },
      onEnd: () => {
        if (this.#stream !== stream) return;
        this.#left();
        again();
      },
    });
    this.#stream = stream;
    this.#attachedTo = head;
    const hello = { session, protocol: encodeProtocol(PROTOCOL), clientVersion: '0' };
    stream.send({ message: { $case: 'hello', value: hello } });
  }

  #nextHead(): HeadPart | null {
    const { slots } = this.cluster;
    this.#tried += 1;
    return this.cluster.listeningAt(slots[this.#tried % slots.length] ?? '');
  }

  #left(): void {
    this.#stream = null;
    this.#attachedTo = null;
    this.#isWelcome = false;
  }

  #refused(error: TrainerError): void {
    this.cluster.world.note(this.process.name, `is refused: ${error.message}`);
    if (error.code !== 'session.ended') return;
    this.cluster.witness.sessionRefused(this.session);
    this.renew();
  }

  /** Begins a new session. */
  renew(): void {
    this.#stream?.close();
    this.#left();
    this.hasClosed = false;
    this.session = newSessionId(this.cluster.world.random.bytes);
    this.cluster.witness.sessionOpened(this.session);
    this.actors.length = 0;
    this.#connect();
  }

  /** The client is done with its session. It says so until it is heard, or the session's grace is over. */
  closeSession(): void {
    this.hasClosed = true;
    this.cluster.witness.sessionClosed(this.session);
    if (this.#isWelcome) this.#stream?.send({ message: { $case: 'close', value: {} } });
    const stream = this.#stream;
    this.#left();
    this.process.clock.after(200, () => stream?.close());
  }

  /** Its connection is gone; it comes back after `awayMs`. */
  loseConnection(awayMs: number): void {
    this.#stream?.break();
    this.#left();
    this.process.clock.after(awayMs, () => this.#connect());
  }

  #beat(): void {
    this.process.clock.after(BEAT_MS, () => {
      this.#beat();
      const now = this.process.clock.monotonicMs();
      if (this.#stream !== null && now - this.#heardMs > SILENT_MS) {
        this.#stream.close();
        this.#left();
        this.#connect();
      }
      this.#stream?.send({ message: { $case: 'beat', value: (this.#beats += 1) } });
    });
  }

  /** One request until it is answered. @returns null where it is given up, the answer is an error, or this process is gone */
  async #ask<Request, Reply>(
    pick: (services: HeadServices) => UnaryHandler<Request, Reply>,
    request: Request,
  ): Promise<Reply | TrainerError> {
    const { cluster, process } = this;
    let last: TrainerError | null = null;
    for (let tries = 0; tries < TRIES; tries += 1) {
      const head = (this.#isWelcome ? this.#attachedTo : null) ?? this.#nextHead();
      if (head?.services !== null && head !== null) {
        try {
          const link = cluster.linkBetween(process.machine.name, head.machine.name);
          const ports = { link, client: process, server: head.process, timeoutMs: ANSWER_MS };
          return await callOnce(ports, pick(head.services), request);
        } catch (error) {
          last = error instanceof NoAnswerError ? null : statusToError(error);
          const isPassing =
            last === null || last.code === 'cluster.unavailable' || last.code === 'head.fenced' || last.code === 'session.unknown';
          if (!isPassing && last !== null) return last;
        }
      }
      await sleep(process.clock, cluster.world.random.int(50, 500));
    }
    return last ?? (statusToError(new Error('given up')) as TrainerError);
  }

  async create({ cpuMilli, timeoutMs, maxRestarts, name, isDetached, getIfExists, argsBytes }: WantedActor): Promise<void> {
    const { cluster, process } = this;
    const spec: ActorSpec = {
      id: newActorId(cluster.world.random.bytes),
      session: isDetached ? null : this.session,
      name,
      namespace: 'default',
      classRef: { kind: 'module', specifier: 'simulated', exportName: 'Simulated' },
      className: 'Simulated',
      args: { kind: 'inline', bytes: new Uint8Array(argsBytes) },
      resources: { cpuMilli, memoryBytes: 1, gpuMilli: 0 },
      concurrency: 1,
      priority: 50,
      env: {},
      maxRestarts,
      checkpointEvery: 'call',
      maxCallRetries: 0,
    };
    cluster.created(spec.id);
    this.actors.push(spec.id);
    cluster.world.note(process.name, `creates ${spec.id}`);
    const request = encodeCreateActor({ spec, timeoutMs, getIfExists });
    const answer = await this.#ask((services) => services.actors.create as UnaryHandler<pb.CreateActorRequest, pb.ActorView>, request);
    if (answer instanceof Error) cluster.world.note(process.name, `could not create ${spec.id}: ${answer.message}`);
    else cluster.witness.createAnswered(decodeActorView(answer));
  }

  async killActor(id: ActorId): Promise<void> {
    const { cluster, process } = this;
    cluster.world.note(process.name, `kills ${id}`);
    const answer = await this.#ask((services) => services.actors.kill as UnaryHandler<pb.KillActorRequest, pb.ActorView>, {
      id,
      by: 'a client',
    });
    if (!(answer instanceof Error)) cluster.witness.killAnswered(decodeActorView(answer));
  }

  async submit(numWorkers: number, key: string): Promise<void> {
    const { cluster, process } = this;
    const request = encodeSentRequest({ ...SENT, numWorkers });
    cluster.world.note(process.name, `submits ${key} with ${numWorkers} ranks`);
    const answer = await this.#ask((services) => services.jobs.submit as UnaryHandler<pb.SubmitRequest, pb.Job>, {
      request,
      idempotencyKey: key,
    });
    if (answer instanceof Error) {
      cluster.world.note(process.name, `could not submit ${key}: ${answer.message}`);
      return;
    }
    const job = decodeJob(answer).id;
    cluster.submitted(job);
    cluster.witness.submitAnswered(key, job);
  }

  async cancel(job: JobId): Promise<void> {
    const { cluster, process } = this;
    cluster.world.note(process.name, `cancels ${job}`);
    const answer = await this.#ask((services) => services.jobs.cancel as UnaryHandler<pb.CancelRequest, pb.Job>, {
      job,
      waitMs: CANCEL_WAIT_MS,
    });
    if (!(answer instanceof Error)) cluster.witness.cancelAnswered(jobId(answer.id), decodeJob(answer).status);
  }
}

const SENT = aSentTrainRequest({ epochs: 10, numWorkers: 1 });
