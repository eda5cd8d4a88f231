import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Actors, Cluster } from '@trainer/client/internal';
import { TrainerError } from '@trainer/model';
import { CONNECT_ACTORS } from '../tokens.js';

/** A session with the head: what it creates ends with it. */
export type ActorConnection = Pick<Cluster, 'actors' | 'close'>;
export type ConnectActors = () => Promise<ActorConnection>;

/** The head has ended the session, as it did not hear of it for too long: a new one is as good. */
const IS_OVER: ReadonlySet<string> = new Set(['session.unknown', 'session.ended']);

/** The gateway's session, opened when an actor is first wanted: the gateway starts without a head. */
@Injectable()
export class ActorSession implements OnModuleDestroy {
  #connection: Promise<ActorConnection> | null = null;

  constructor(@Inject(CONNECT_ACTORS) private readonly connect: ConnectActors) {}

  /** Runs with the actors of the session, once more with those of a new one where the head has ended it. */
  async run<T>(use: (actors: Actors) => Promise<T>): Promise<T> {
    const connection = this.#open();
    try {
      return await use((await connection).actors);
    } catch (error) {
      if (!(error instanceof TrainerError) || !IS_OVER.has(String(error.code))) throw error;
      this.#forget(connection);
      return use((await this.#open()).actors);
    }
  }

  /** Ends the session, and with it whatever it created and nobody could end. */
  drop(): void {
    if (this.#connection !== null) this.#forget(this.#connection);
  }

  async onModuleDestroy(): Promise<void> {
    await (await this.#connection?.catch(() => null))?.close();
  }

  #open(): Promise<ActorConnection> {
    if (this.#connection !== null) return this.#connection;
    const connection = this.connect();
    this.#connection = connection;
    connection.catch(() => this.#forget(connection));
    return connection;
  }

  #forget(connection: Promise<ActorConnection>): void {
    if (this.#connection !== connection) return;
    this.#connection = null;
    void connection.then((opened) => opened.close()).catch(() => undefined);
  }
}
