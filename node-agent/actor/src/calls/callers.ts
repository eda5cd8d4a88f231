import { PROTOCOL, TrainerError, type ProtocolVersion } from '@trainer/model';
import { secretCheck } from '@trainer/runtime';
import { Caller, type AnswerLink, type CallerOptions } from './caller.js';
import { TooManyCallsError, UnauthenticatedError, VersionError } from './errors.js';

/** First on every stream of a caller. */
export interface CallerIntroduction {
  /** Names the caller over its links. */
  readonly caller: string;
  readonly token: string;
  readonly protocol: ProtocolVersion;
  /** The highest number of a call that it has written to this incarnation. */
  readonly written: number;
}

const MAX_CALLERS = 10_000;
const MAX_NAME_CHARS = 200;

/** Who may call, and who has called. */
export class Callers {
  readonly #isToken: (shown: string) => boolean;
  readonly #options: CallerOptions;
  readonly #callers = new Map<string, Caller>();

  constructor(token: string, options: CallerOptions) {
    this.#isToken = secretCheck(token);
    this.#options = options;
  }

  /**
   * Takes up the calls of a caller on a new link; an older link of the same caller is closed.
   * @throws UnauthenticatedError, VersionError, TooManyCallsError
   */
  welcome(introduction: CallerIntroduction, link: AnswerLink): Caller {
    const { caller: name, token, protocol, written } = introduction;
    if (!this.#isToken(token)) throw new UnauthenticatedError();
    if (protocol.major !== PROTOCOL.major) throw new VersionError(versionText(PROTOCOL), versionText(protocol));
    if (name === '' || name.length > MAX_NAME_CHARS) {
      throw new TrainerError('request.invalid', `A caller's name has 1 to ${MAX_NAME_CHARS} characters.`, { length: name.length });
    }
    const caller = this.#callers.get(name) ?? this.#admit(name, written);
    caller.attach(link);
    return caller;
  }

  #admit(name: string, written: number): Caller {
    for (const [known, caller] of this.#callers) if (caller.isIdle) this.#callers.delete(known);
    if (this.#callers.size >= MAX_CALLERS) throw new TooManyCallsError('callers', MAX_CALLERS);
    const caller = new Caller(this.#options, written);
    this.#callers.set(name, caller);
    return caller;
  }
}

function versionText({ major, minor }: ProtocolVersion): string {
  return `${major}.${minor}`;
}
