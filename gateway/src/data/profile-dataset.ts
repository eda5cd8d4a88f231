import { Inject, Injectable } from '@nestjs/common';
import { dataIdProblem, InvalidRequestError, NotFoundError } from '@trainer/model';
import type { ObjectStore } from '@trainer/storage';
import type { GatewaySettings } from '../config.js';
import { SETTINGS, STORE } from '../tokens.js';
import type { ProfileQuery } from './data.schema.js';
import { DatasetProfiler } from './dataset-profiler.js';
import { ProfileChangedError, ProfileRefusedError, ProfilesBusyError } from './errors.js';
import type { DatasetProfileView } from './profile.answers.js';
import { profileView } from './profile.mapper.js';
import { SharedAnswers } from './shared-answers.js';

/** Each is up to a megabyte or two; most have kilobytes. */
const KEPT = { kept: 256, keptSize: 32 * 2 ** 20 };
/** A dataset that is overwritten more often than this while it is read is no dataset yet. */
const LOOKS = 3;

/** GET /data/{id}: what a dataset holds, and what a training would make of it. */
@Injectable()
export class ProfileDataset {
  readonly #answers: SharedAnswers<DatasetProfileView>;

  constructor(
    private readonly profiler: DatasetProfiler,
    @Inject(STORE) private readonly store: ObjectStore,
    @Inject(SETTINGS) private readonly settings: GatewaySettings,
  ) {
    const limits = { ...KEPT, running: settings.profile.most };
    const sizeOf = (view: DatasetProfileView): number => JSON.stringify(view).length;
    this.#answers = new SharedAnswers(limits, sizeOf, (most) => new ProfilesBusyError(most));
  }

  /**
   * @param gone the caller; what nobody waits for any more is cancelled
   * @throws InvalidRequestError, NotFoundError, ProfileRefusedError, ProfileChangedError, and what `DatasetProfiler` throws
   */
  async execute(dataId: string, query: ProfileQuery, gone: AbortSignal): Promise<DatasetProfileView> {
    const problem = dataIdProblem(dataId);
    if (problem !== null) throw new InvalidRequestError([{ path: ['data_id'], message: problem, type: 'value' }]);
    for (let look = 1; ; look += 1) {
      try {
        return await this.#look(dataId, query, gone);
      } catch (error) {
        if (!(error instanceof ProfileChangedError) || look === LOOKS) throw error;
      }
    }
  }

  async #look(key: string, query: ProfileQuery, gone: AbortSignal): Promise<DatasetProfileView> {
    const bucket = this.settings.buckets.data;
    const found = await this.store.stat(bucket, key);
    if (found === null) throw new NotFoundError('Dataset', key);
    const { etag, bytes } = found;
    const [targetColumn, taskType] = [query.target_column ?? null, query.task_type ?? null];
    const question = JSON.stringify([key, etag, targetColumn, taskType]);
    return this.#answers.get(question, gone, async (cancelled) => {
      const answer = await this.profiler.ask({ bucket, key, etag, targetColumn, taskType }, bytes, cancelled);
      if (answer.kind === 'refused')
        throw new ProfileRefusedError(answer.about === 'dataset' ? 'data_id' : 'target_column', answer.error.message);
      if (answer.kind === 'changed') throw new ProfileChangedError(key);
      return profileView({ data_id: key, size: bytes, etag }, answer.profile);
    });
  }
}
