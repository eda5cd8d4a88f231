import type { Millis } from './resources.js';

/** What a token may do; each may what those before it may. */
export const TOKEN_SCOPES = ['read', 'submit', 'admin'] as const;
export type TokenScope = (typeof TOKEN_SCOPES)[number];

/** Who may use REST, as lists show it; its text is known to its holder alone. */
export interface Token {
  /** `token-` and 12 hexadecimal digits. */
  readonly id: string;
  /** Of whom it is, as its creator says. */
  readonly name: string;
  readonly scope: TokenScope;
  readonly createdAt: Millis;
  /** null: it is in force. */
  readonly revokedAt: Millis | null;
}

/** Tokens in force of one cluster; people and services have one each. */
export const MOST_TOKENS = 1_000;

export function isTokenScope(text: string): text is TokenScope {
  return (TOKEN_SCOPES as readonly string[]).includes(text);
}

/** Whether a token of that scope may do what asks for the other. */
export function mayDo(scope: TokenScope, needed: TokenScope): boolean {
  return TOKEN_SCOPES.indexOf(scope) >= TOKEN_SCOPES.indexOf(needed);
}
