import type { Job, StoredFile, TrainingResult } from '@trainer/model';
import type { JobRecord, Promotion } from './job-record.js';

/** `{job_id}_{YYYYMMDD}`, the day of its submission in UTC: the stem of every artifact's name. */
export function artifactStem(job: Pick<Job, 'id' | 'createdAt'>): string {
  return `${job.id}_${dayOf(job.createdAt)}`;
}

/** Key of a file of the finished model in the models bucket. @param ending with its dot, such as `.pkl` */
function finalKey(job: Pick<Job, 'id' | 'createdAt' | 'request'>, ending: string): string {
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

const MS_PER_DAY = 86_400_000;

/**
 * `YYYYMMDD` of a time since 1970, UTC, without the Date object, which is impure.
 * Howard Hinnant, chrono-Compatible Low-Level Date Algorithms, civil_from_days.
 */
function dayOf(ms: number): string {
  const z = Math.floor(ms / MS_PER_DAY) + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${String(year).padStart(4, '0')}${String(month).padStart(2, '0')}${String(day).padStart(2, '0')}`;
}
