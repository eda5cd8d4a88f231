import { createHash } from 'node:crypto';
import { InvalidRequestError, isTokenScope, LIMITS, MOST_TOKENS, TOKEN_SCOPES, TrainerError, type Issue, type Token } from '@trainer/model';
import type { ClusterLoop } from '../loop/cluster-loop.js';
import type { ClusterStore } from '../store/cluster-store.js';

/** Says in whatever log or file it is found what it opens. */
const PREFIX = 'trainer_';
/** 256 bits, so that a plain hash keeps it as well as a slow one would. */
const RANDOM_BYTES = 32;
const ID_BYTES = 6;

export class NoSuchTokenError extends TrainerError<'token.not-found', { token: string }> {
  constructor(token: string) {
    super('token.not-found', `No token in force has the id or the name '${token.slice(0, 100)}'.`, { token: token.slice(0, 100) });
  }
}

export class TooManyTokensError extends TrainerError<'token.too-many', { limit: number }> {
  constructor() {
    super('token.too-many', `${MOST_TOKENS} tokens are in force already: revoke some first.`, { limit: MOST_TOKENS });
  }
}

export interface TokensPorts {
  readonly loop: ClusterLoop;
  readonly store: ClusterStore;
  readonly randomBytes: (bytes: number) => Uint8Array;
}

/** Who may use REST. */
export class Tokens {
  constructor(private readonly ports: TokensPorts) {}

  /** @returns the token, and its text, which nobody can tell again. @throws InvalidRequestError, TooManyTokensError */
  async create(name: string, scope: string): Promise<{ readonly token: Token; readonly text: string }> {
    const issues: Issue[] = [];
    if (name.length === 0 || name.length > LIMITS.nameChars || /\p{Cc}/u.test(name))
      issues.push({ path: ['name'], message: `give 1 to ${LIMITS.nameChars} characters`, type: 'value' });
    if (!isTokenScope(scope)) issues.push({ path: ['scope'], message: `give one of ${TOKEN_SCOPES.join(', ')}`, type: 'value' });
    if (issues.length > 0 || !isTokenScope(scope)) throw new InvalidRequestError(issues);
    if ((await this.inForce()).length >= MOST_TOKENS) throw new TooManyTokensError();
    const { loop, randomBytes } = this.ports;
    const text = `${PREFIX}${Buffer.from(randomBytes(RANDOM_BYTES)).toString('base64url')}`;
    const id = `token-${Buffer.from(randomBytes(ID_BYTES)).toString('hex')}`;
    const token = await loop.turn((turn) => {
      const made = { id, name, scope, createdAt: Math.round(turn.now), revokedAt: null };
      turn.writeToken({ ...made, sha256: tokenHash(text) });
      return made;
    });
    return { token, text };
  }

  /** Newest first. */
  async inForce(): Promise<readonly Token[]> {
    return (await this.ports.store.tokens()).map(({ sha256: _sha256, ...token }) => token);
  }

  /** By its id, or all of that name. @throws NoSuchTokenError */
  async revoke(idOrName: string): Promise<readonly Token[]> {
    const found = (await this.ports.store.tokens()).filter(({ id, name }) => id === idOrName || name === idOrName);
    if (found.length === 0) throw new NoSuchTokenError(idOrName);
    return this.ports.loop.turn((turn) =>
      found.map(({ sha256, ...token }) => {
        const revoked = { ...token, revokedAt: Math.round(turn.now) };
        turn.writeToken({ ...revoked, sha256 });
        return revoked;
      }),
    );
  }

  /** @param sha256 of its text. @returns null: there is no such token, or it was revoked */
  async find(sha256: string): Promise<Token | null> {
    const found = await this.ports.store.tokenOf(sha256);
    if (found === null || found.revokedAt !== null) return null;
    const { sha256: _sha256, ...token } = found;
    return token;
  }
}

export function tokenHash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
