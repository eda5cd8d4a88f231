import { print, type Format } from '../terminal/output.js';
import type { Cluster } from './command.js';

/** `trainer kill ACTOR`: ends an actor, a detached one too; returns when its process is gone. */
export async function kill({ head, output }: Cluster, format: Format, id: string): Promise<void> {
  await head.actors.kill(id, 'trainer kill');
  print(output, format, { id, state: 'dead' }, () => `Actor ${id} is dead`);
}
