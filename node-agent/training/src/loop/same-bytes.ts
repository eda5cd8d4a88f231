import { createHash } from 'node:crypto';
import type { Collective } from '@trainer/actor';
import { TrainerError } from '@trainer/model';

/** The ranks' models have come apart; none of them can be trusted. */
export class ModelsDifferError extends TrainerError<'training.diverged', { what: string; ranks: readonly number[] }> {
  constructor(what: string, ranks: readonly number[]) {
    super(
      'training.diverged',
      `${what} of rank ${ranks.join(', ')} has other bytes than that of rank 0; the ranks have trained different models.`,
      { what, ranks },
      'same',
    );
  }
}

/** All ranks call it. @throws ModelsDifferError on rank 0 when a rank's bytes are not those of rank 0 */
export async function expectSameBytes(team: Collective, what: string, bytes: () => Uint8Array): Promise<void> {
  if (team.worldSize === 1) return;
  const hashes = await team.gather(new Uint8Array(createHash('sha256').update(bytes()).digest()), 0);
  const texts = hashes.map((hash) => Buffer.from(hash).toString('hex'));
  const others = texts.flatMap((text, rank) => (text === texts[0] ? [] : [rank]));
  if (others.length > 0) throw new ModelsDifferError(what, others);
}
