import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What came back on a connection before it was closed, or a whole answer's head. */
export interface Answered {
  /** null: it was closed without an answer. */
  readonly status: number | null;
  readonly text: string;
}

/** A connection on which a test says each byte itself. */
export class RawConnection {
  #text = '';
  #isClosed = false;
  #changed: () => void = () => undefined;

  private constructor(readonly socket: Socket) {
    socket.setEncoding('latin1').on('data', (text: string) => {
      this.#text += text;
      this.#changed();
    });
    // A connection that the other side breaks off is an outcome here.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#isClosed = true;
      this.#changed();
    });
  }

  static async open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true, noDelay: true });
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  /** Resolves when the bytes are on their way; a connection that is closed meanwhile is no error. */
  async send(text: string | Buffer): Promise<void> {
    await new Promise<void>((resolve) => this.socket.write(text, () => resolve()));
  }

  /** @returns the first answer that is whole, or what there was when the connection was closed */
  answer(): Promise<Answered> {
    return this.#when(() => {
      const status = /^HTTP\/1\.1 (\d{3}) /.exec(this.#text)?.[1];
      if (status !== undefined && isWhole(this.#text)) return { status: Number(status), text: this.#text };
      return this.#isClosed ? { status: null, text: this.#text } : null;
    });
  }

  /** @returns all that came until the other side closed the connection */
  closed(): Promise<string> {
    return this.#when(() => (this.#isClosed || this.socket.readableEnded ? this.#text : null));
  }

  #when<T>(found: () => T | null): Promise<T> {
    return new Promise((resolve) => {
      const look = (): void => {
        const it = found();
        if (it === null) return;
        this.#changed = () => undefined;
        resolve(it);
      };
      this.#changed = look;
      this.socket.once('end', look);
      look();
    });
  }
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  const length = /^content-length: (\d+)/im.exec(text)?.[1];
  return end >= 0 && (length === undefined || text.length >= end + 4 + Number(length));
}
