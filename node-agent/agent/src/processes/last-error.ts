import { MAX_LAST_ERROR_BYTES } from '@trainer/model';
import { clippedToBytes } from '@trainer/wire';

/** Lines of stderr that may say why a process ended: a native stack trace is about as long. */
const MAX_LINES = 40;
/** What the first line of an error message looks like, in Node, V8, glibc, C++ and native libraries. */
const TELLS = /error|fatal|exception|terminate called|assert|abort|panic|segmentation|out of memory|cannot|can't|failed/i;

/** Keeps the newest error that an actor's process has told of, in a bounded room. */
export class LastError {
  #thrown: string | null = null;
  #lines: string[] = [];

  /** A line that the process wrote to stderr. */
  line(text: string): void {
    // Node ends its report of an error with its own version and empty lines, which tell nothing.
    if (text.trim() === '' || /^Node\.js v\d/.test(text)) return;
    this.#lines.push(text.slice(0, MAX_LAST_ERROR_BYTES));
    if (this.#lines.length > MAX_LINES) this.#lines.shift();
  }

  /** The process told of an error that nobody caught; it then ends. */
  threw(text: string): void {
    this.#thrown = text;
  }

  /** @returns the uncaught error, else stderr's last lines from the first that looks like an error on; null: neither was there */
  get text(): string | null {
    if (this.#thrown !== null) return clean(this.#thrown);
    const telling = this.#lines.findIndex((line) => TELLS.test(line));
    const lines = telling < 0 ? this.#lines.slice(-1) : this.#lines.slice(telling);
    return clean(lines.join('\n'));
  }
}

/** Stores refuse NUL, and terminals obey the other control characters. */
function clean(text: string): string | null {
  const visible = text.replace(/\u001b\[[0-9;]*m/g, '').replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '');
  const cut = clippedToBytes(visible.trim(), MAX_LAST_ERROR_BYTES);
  return cut === '' ? null : cut;
}
