import type { Job, StoredFile, TrainingResult } from '@trainer/model';
import type { JobRecord, Promotion } from './job-record.js';

/** `{job_id}_{YYYYMMDD}`, the day of its submission in UTC: the stem of every artifact's name. */
export function artifactStem(job: Pick<Job, 'id' | 'createdAt'>): string {
  return `${job.id}_${new Date(job.createdAt).toISOString().slice(0, 10).replaceAll('-', '')}`;
}

/** Key of a file of the finished model in the models bucket. @param ending with its dot, such as `.pkl` */
export function finalKey(job: Pick<Job, 'id' | 'createdAt' | 'request'>, ending: string): string {
  return `${job.request.modelId}/${artifactStem(job)}${ending}`;
}

/** Where all attempts of a job write, in the models bucket. */
export function attemptsPrefix(job: Pick<Job, 'id'>): string {
  return `attempts/${job.id}/`;
}

/** Fixes the final keys of a result: what to copy where, and the files as the model's row will have them. */
export function promotionOf(job: Job, result: TrainingResult): Promotion {
  const files = result.files.map((file) => ({ ...file, key: finalKey(job, file.ending) }));
  return { result, files, copies: result.files.map((file) => ({ from: file.key, to: finalKey(job, file.ending) })) };
}

/** The path that REST shows, with the bucket (`trained-models/...`); null where the result has no file. */
export function finalModelPath(record: Pick<JobRecord, 'modelsBucket'>, files: readonly StoredFile[]): string | null {
  const file = files.find((candidate) => candidate.role === 'pkl') ?? files[0];
  return file ? `${record.modelsBucket}/${file.key}` : null;
}
