import { MAX_SIGNING, toErrorData, type SignedRequest, type ToActorProcess } from '@trainer/model';

/** What the requests of one process need from outside. */
export interface SigningPorts {
  /** @returns the address of the object store for that request. @throws where the process may not ask for it */
  sign(request: SignedRequest): Promise<string>;
  send(message: ToActorProcess): void;
  /** The process asks for more than it may. */
  broke(why: string): void;
}

/** Requests to the object store that one process wants signed. */
export class SignedRequests {
  #waiting = 0;

  constructor(private readonly ports: SigningPorts) {}

  async take(number: number, request: SignedRequest): Promise<void> {
    if (this.#waiting >= MAX_SIGNING) {
      this.ports.broke(`${this.#waiting} requests wait to be signed, and it went on asking`);
      return;
    }
    this.#waiting += 1;
    try {
      this.ports.send({ kind: 'signed', number, url: await this.ports.sign(request) });
    } catch (error) {
      const { message: why, retry } = toErrorData(error);
      this.ports.send({ kind: 'not-signed', number, why, retry });
    } finally {
      this.#waiting -= 1;
    }
  }
}
