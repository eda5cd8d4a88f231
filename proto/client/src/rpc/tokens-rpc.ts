import { decodeToken } from '@trainer/wire';
import type { Tokens } from '../head/head-door.js';
import type { HeadRpc } from './head-rpc.js';

export function tokensOver(rpc: HeadRpc): Tokens {
  const { tokens } = rpc;
  const decoded = (list: Parameters<typeof decodeToken>[0][]) => list.map((token, at) => decodeToken(token, `tokens[${at}]`));
  return {
    async create(name, scope) {
      // Made again it would be another token.
      const { token, text } = await rpc.unary(tokens.create.bind(tokens), { name, scope }, { isIdempotent: false });
      return { token: decodeToken(token, 'token'), text };
    },
    list: async () => decoded((await rpc.unary(tokens.list.bind(tokens), {}, { isIdempotent: true })).tokens),
    revoke: async (token) => decoded((await rpc.unary(tokens.revoke.bind(tokens), { token }, { isIdempotent: false })).tokens),
    find: async (sha256, options) =>
      decoded((await rpc.unary(tokens.find.bind(tokens), { sha256 }, { isIdempotent: true, ...options })).tokens)[0] ?? null,
  };
}
