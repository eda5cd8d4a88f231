import { createHash } from 'node:crypto';
import { mayDo, toErrorData, TrainerError, type Clock, type Millis, type Token, type TokenScope } from '@trainer/model';
import type { HeadConnection } from '@trainer/client/internal';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { httpStatus } from './http-status.js';

/** No token was shown. */
export class TokenMissingError extends TrainerError<'auth.missing', Record<string, never>> {
  constructor() {
    super('auth.missing', "Show a token as 'Authorization: Bearer ...'; an operator makes one with `trainer token create NAME`.", {});
  }
}

/** What was shown is no token in force. */
export class TokenRefusedError extends TrainerError<'auth.refused', Record<string, never>> {
  constructor() {
    super(
      'auth.refused',
      'The token is none of this cluster, or was revoked; an operator makes a new one with `trainer token create NAME`.',
      {},
    );
  }
}

/** The token is in force, but not for this. */
export class TokenScopeError extends TrainerError<'auth.forbidden', { scope: TokenScope; needed: TokenScope }> {
  constructor({ name, scope }: Token, needed: TokenScope) {
    super('auth.forbidden', `The token '${name}' may ${MAY[scope]}; this asks for the scope ${needed}.`, { scope, needed });
  }
}

const MAY: Readonly<Record<TokenScope, string>> = { read: 'read', submit: 'read and submit', admin: 'do everything' };

/** How long an answer of the head is believed: a token that is revoked opens nothing after it. */
const BELIEVED_MS: Millis = 10_000;
/** Answers that are kept; wrong tokens are answered from here too. */
const MOST_KEPT = 10_000;
/** A head that is away must not hold a request for longer than that. */
const FIND_WITHIN_MS: Millis = 5_000;
/** What probes and browsers ask for before anybody has a token. */
const OPEN = /^\/(health(\/(live|ready))?\/?)?(\?|$)/;
const ADMIN = /^\/cluster(\/|\?|$)/;

export interface TokenGuardOptions {
  readonly head: Pick<HeadConnection, 'tokens'>;
  /** Opens everything, for who operates the cluster. */
  readonly clusterSecret: string;
  readonly clock: Clock;
  /** Whether a request needs no token: it came by a signed link. */
  readonly isOpen: (request: FastifyRequest) => boolean;
}

/** Lets only requests pass that show a token in force, and only what its scope allows. */
export function addTokenGuard(fastify: FastifyInstance, options: TokenGuardOptions): void {
  const known = new KnownTokens(options);
  fastify.addHook('onRequest', async (request, reply) => {
    if (request.method === 'OPTIONS' || OPEN.test(request.url) || options.isOpen(request)) return;
    try {
      const token = await known.find(shownToken(request));
      const needed = neededScope(request);
      if (!mayDo(token.scope, needed)) throw new TokenScopeError(token, needed);
    } catch (error) {
      const data = toErrorData(error);
      if (data.code !== 'auth.forbidden') void reply.header('WWW-Authenticate', 'Bearer');
      await reply.status(httpStatus(data)).send({ detail: data.message });
    }
  });
}

function neededScope({ method, url }: FastifyRequest): TokenScope {
  if (ADMIN.test(url)) return 'admin';
  return method === 'GET' || method === 'HEAD' ? 'read' : 'submit';
}

/** @throws TokenMissingError */
function shownToken(request: FastifyRequest): string {
  const text = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  if (text === undefined) throw new TokenMissingError();
  return text;
}

const OPERATOR: Token = { id: 'operator', name: 'operator', scope: 'admin', createdAt: 0, revokedAt: null };

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** What the head has said of tokens, for some seconds. */
class KnownTokens {
  readonly #answers = new Map<string, { readonly token: Token | null; readonly untilMs: Millis }>();

  readonly #operator: string;

  constructor(private readonly options: TokenGuardOptions) {
    this.#operator = hashOf(options.clusterSecret);
  }

  /** @throws TokenRefusedError; what the head throws that is away */
  async find(text: string): Promise<Token> {
    const { head, clock } = this.options;
    const sha256 = hashOf(text);
    if (sha256 === this.#operator) return OPERATOR;
    const known = this.#answers.get(sha256);
    const isFresh = known !== undefined && known.untilMs > clock.monotonicMs();
    const token = isFresh ? known.token : await head.tokens.find(sha256, { deadlineMs: FIND_WITHIN_MS });
    if (!isFresh) this.#keep(sha256, token);
    if (token === null) throw new TokenRefusedError();
    return token;
  }

  #keep(sha256: string, token: Token | null): void {
    this.#answers.delete(sha256);
    const [oldest] = this.#answers.keys();
    if (oldest !== undefined && this.#answers.size >= MOST_KEPT) this.#answers.delete(oldest);
    this.#answers.set(sha256, { token, untilMs: this.options.clock.monotonicMs() + BELIEVED_MS });
  }
}
