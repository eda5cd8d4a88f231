import type { Token, TokenScope } from '@trainer/model';
import { print, type Format } from '../terminal/output.js';
import { plainText, table, timeText } from '../terminal/table.js';
import type { Cluster } from './command.js';

/** `trainer token create NAME`: makes a token, and shows its text once. */
export async function createToken({ head, output }: Cluster, format: Format, name: string, scope: TokenScope): Promise<void> {
  const { token, text } = await head.tokens.create(name, scope);
  // The text alone, so that a script can keep it.
  print(output, format, { ...shown(token), token: text }, () => text);
}

/** `trainer token list` */
export async function listTokens({ head, output }: Cluster, format: Format): Promise<void> {
  print(output, format, (await head.tokens.list()).map(shown), (tokens) =>
    tokens.length === 0
      ? 'No tokens.'
      : table(
          ['TOKEN', 'NAME', 'SCOPE', 'CREATED'],
          tokens.map(({ id, name, scope, created_at: at }) => [id, plainText(name), scope, at]),
        ),
  );
}

/** `trainer token revoke TOKEN`: by its id, or all of that name. */
export async function revokeToken({ head, output }: Cluster, format: Format, idOrName: string): Promise<void> {
  print(output, format, (await head.tokens.revoke(idOrName)).map(shown), (tokens) =>
    tokens.map(({ id, name }) => `Token ${id} (${plainText(name)}) opens nothing in 10 seconds`).join('\n'),
  );
}

function shown({ id, name, scope, createdAt }: Token): { id: string; name: string; scope: TokenScope; created_at: string } {
  return { id, name, scope, created_at: timeText(createdAt) };
}
