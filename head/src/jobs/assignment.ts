import type { TrainingAssignment } from '@trainer/model';
import { artifactStem } from './artifacts.js';
import type { JobRecord } from './job-record.js';
import { currentRanks } from './ranks.js';

/** What a rank of the current attempt is created with; null: the attempt has no such rank. The same record gives the same assignment. */
export function assignmentOf(record: JobRecord, rank: number): TrainingAssignment | null {
  const { job } = record;
  const ranks = currentRanks(record);
  const own = ranks.find((candidate) => candidate.rank === rank);
  if (!own) return null;
  const { key, etag, bytes } = job.dataset;
  return {
    job: job.id,
    attempt: job.attempt,
    rank,
    worldSize: ranks.length,
    request: job.request,
    dataset: { bucket: record.dataBucket, key, etag, bytes },
    modelsBucket: record.modelsBucket,
    artifactStem: artifactStem(job),
    checkpointIntervalEpochs: record.checkpointIntervalEpochs,
    resumeFrom: record.checkpoint?.checkpoint ?? null,
    // Asked once: what no node can give must not be asked for again and again.
    memoryBytes: record.neededMemoryBytes === undefined ? own.grant.memoryBytes : null,
    threads: Math.max(1, Math.floor(own.grant.cpuMilli / 1000)),
  };
}
