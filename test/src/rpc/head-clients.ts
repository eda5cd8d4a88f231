import { randomBytes } from 'node:crypto';
import { PROTOCOL } from '@trainer/model';
import type { ActorSpec, ActorView, SessionId } from '@trainer/model';
import { newActorId, newSessionId, openClient, systemClock, until } from '@trainer/runtime';
import { ActorServiceClient, decodeActorView, encodeCreateActor, SessionServiceClient, statusToError } from '@trainer/wire';
import type { pb } from '@trainer/wire';

const WAIT_MS = 60_000;

/** A session that its client holds open. */
export interface TestSession {
  readonly id: SessionId;
  /** The client is done. */
  close(): void;
}

export interface ActorCalls {
  create(spec: ActorSpec, timeoutMs?: number, getIfExists?: boolean): Promise<ActorView>;
  kill(id: string): Promise<ActorView>;
  /** With `ended`, the token of an incarnation: waits up to `waitMs` until that one is over. */
  get(id: string, wait?: { readonly waitMs: number; readonly ended: string }): Promise<ActorView>;
  getNamed(name: string, namespace?: string): Promise<ActorView>;
}

/** Clients of the head's services as the wire has them, without the comforts of the typed client. */
export class HeadClients {
  readonly #open: { close(): void }[] = [];

  constructor(
    private readonly address: string,
    private readonly secret: string,
  ) {}

  async session(): Promise<TestSession> {
    const id = newSessionId(randomBytes);
    const client = openClient(SessionServiceClient, this.address, this.secret);
    this.#open.push(client);
    const stream = client.attach();
    this.#open.push({ close: () => stream.cancel() });
    const heard: pb.ToSession[] = [];
    stream.on('data', (message: pb.ToSession) => heard.push(message));
    let failure: Error | null = null;
    stream.on('error', (error) => (failure = statusToError(error)));
    stream.write({ message: { $case: 'hello', value: { session: id, protocol: PROTOCOL, clientVersion: '0.1.0' } } });
    const welcome = (): pb.ToSession | undefined => {
      if (failure !== null) throw failure;
      return heard.find(({ message }) => message?.$case === 'welcome');
    };
    await until('the session is welcome', welcome, {
      clock: systemClock(),
      deadlineMs: WAIT_MS,
    });
    return { id, close: () => void stream.write({ message: { $case: 'close', value: {} } }) };
  }

  /** As above, tried again while the head says that it can't just now. */
  async patientSession(): Promise<TestSession> {
    return until('a session is welcome', () => this.session().catch(() => null), { clock: systemClock(), deadlineMs: WAIT_MS });
  }

  actors(secret: string): ActorCalls {
    const client = openClient(ActorServiceClient, this.address, secret);
    this.#open.push(client);
    const promised = (run: (done: (error: Error | null, view: pb.ActorView) => void) => void): Promise<ActorView> =>
      new Promise((resolve, reject) => {
        run((error, view) => (error ? reject(statusToError(error)) : resolve(decodeActorView(view))));
      });
    return {
      create: (spec, timeoutMs = WAIT_MS, getIfExists = false) =>
        promised((done) => client.create(encodeCreateActor({ spec, timeoutMs, getIfExists }), done)),
      kill: (id) => promised((done) => client.kill({ id, by: 'a test' }, done)),
      get: (id, wait) => promised((done) => client.get({ id, ...(wait ?? { waitMs: 0 }) }, done)),
      getNamed: (name, namespace = '') => promised((done) => client.get({ id: '', waitMs: 0, name: { name, namespace } }, done)),
    };
  }

  close(): void {
    for (const client of this.#open.splice(0)) client.close();
  }
}

/** A small actor of a session; null: detached. */
export function actorIn(session: SessionId | null, cpuMilli = 100, more: Partial<ActorSpec> = {}): ActorSpec {
  return {
    id: newActorId(randomBytes),
    session,
    classRef: { kind: 'module', specifier: 'm', exportName: 'Counter' },
    className: 'Counter',
    args: { kind: 'inline', bytes: Buffer.from([0x90]) },
    resources: { cpuMilli, memoryBytes: 2 ** 20, gpuMilli: 0 },
    concurrency: 1,
    priority: 50,
    env: {},
    name: null,
    namespace: 'default',
    maxRestarts: 0,
    checkpointEvery: 1_000,
    maxCallRetries: 0,
    ...more,
  };
}
