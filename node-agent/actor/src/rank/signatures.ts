import { MAX_SIGNING, TrainerError, type ErrorData, type FromActorProcess, type SignedRequest } from '@trainer/model';
import { deferred, type Deferred } from '@trainer/runtime';

/** Requests to the object store that the agent signs, by number. */
export class Signatures {
  readonly #send: (message: FromActorProcess) => void;
  readonly #waiting = new Map<number, Deferred<string>>();
  #last = 0;

  constructor(send: (message: FromActorProcess) => void) {
    this.#send = send;
  }

  /** @returns the address for the request. @throws TrainerError `queue.full`, `object.not-signed` */
  readonly sign = async (request: SignedRequest): Promise<string> => {
    if (this.#waiting.size >= MAX_SIGNING)
      throw new TrainerError('queue.full', `${MAX_SIGNING} requests wait to be signed already.`, { limit: MAX_SIGNING }, 'same');
    this.#last += 1;
    const waiting = deferred<string>();
    this.#waiting.set(this.#last, waiting);
    this.#send({ kind: 'sign', number: this.#last, request });
    return waiting.promise;
  };

  signed(number: number, url: string): void {
    this.#taken(number)?.resolve(url);
  }

  refused(number: number, why: string, retry: ErrorData['retry']): void {
    const message = `The agent did not sign a request to the object store: ${why}`;
    this.#taken(number)?.reject(new TrainerError('object.not-signed', message, {}, retry));
  }

  #taken(number: number): Deferred<string> | undefined {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    return waiting;
  }
}
