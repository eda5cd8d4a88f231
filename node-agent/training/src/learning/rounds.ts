/**
 * The rounds (trees, or one tree a class) that are grown when `epoch` of `epochs` ends: floor(n k / E); with fewer rounds than
 * epochs one an epoch, and the last epoch is the number of rounds.
 */
export function roundsAtEpoch(rounds: number, epoch: number, epochs: number): number {
  return rounds <= epochs ? Math.min(epoch, rounds) : Math.floor((rounds * epoch) / epochs);
}
