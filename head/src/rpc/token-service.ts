import type { Logger } from '@trainer/runtime';
import { encodeToken, type pb, type TokenServiceServer } from '@trainer/wire';
import type { Tokens } from '../tokens/tokens.js';
import { unary } from './answering.js';

export function tokenService(tokens: Tokens, logger: Logger): TokenServiceServer {
  return {
    create: unary(logger, async ({ name, scope }: pb.NewToken) => {
      const { token, text } = await tokens.create(name, scope);
      return { token: encodeToken(token), text };
    }),
    list: unary(logger, async () => ({ tokens: (await tokens.inForce()).map(encodeToken) })),
    revoke: unary(logger, async ({ token }: pb.TokenRef) => ({ tokens: (await tokens.revoke(token)).map(encodeToken) })),
    find: unary(logger, async ({ sha256 }: pb.TokenHash) => {
      const token = await tokens.find(sha256);
      return { tokens: token === null ? [] : [encodeToken(token)] };
    }),
  };
}
