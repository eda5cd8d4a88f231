import { isTokenScope, type Token } from '@trainer/model';
import { WireFormatError, type FieldPath } from './errors.js';
import { present } from './fields.js';
import type * as pb from './gen/trainer/v1/tokens.js';

export function encodeToken({ id, name, scope, createdAt, revokedAt }: Token): pb.Token {
  return { id, name, scope, createdAt, revokedAt: revokedAt ?? undefined };
}

/** @throws WireFormatError */
export function decodeToken(wire: pb.Token | undefined, at: FieldPath): Token {
  const { id, name, scope, createdAt, revokedAt } = present(wire, at);
  if (!isTokenScope(scope)) throw new WireFormatError(`${at}.scope`, `'${scope}' is unknown`);
  return { id, name, scope, createdAt, revokedAt: revokedAt ?? null };
}
