import type { JobRecord, RankState, RankStateName } from './job-record.js';

/** May its process be alive, as far as the head can command it? */
export function isActive(rank: RankState): boolean {
  return rank.state === 'planned' || rank.state === 'reserved' || rank.state === 'started' || rank.state === 'ready';
}

/** The ranks of the current attempt, by rank. */
export function currentRanks(record: JobRecord): readonly RankState[] {
  return record.ranks.filter((rank) => rank.attempt === record.job.attempt);
}

export function findRank(record: JobRecord, attempt: number, rank: number): RankState | undefined {
  return record.ranks.find((candidate) => candidate.attempt === attempt && candidate.rank === rank);
}

/** The record with one rank's state changed; the job's list of leases follows. */
export function withRank(record: JobRecord, of: RankState, state: RankStateName, address = of.address): JobRecord {
  const ranks = record.ranks.map((rank) => (rank === of ? { ...rank, state, address } : rank));
  return { ...record, ranks, job: { ...record.job, leases: ranks.filter(isActive).map((rank) => rank.lease) } };
}
