import { CATALOG, TRAIN_LIMITS } from '@trainer/model';
import { z } from 'zod';
import { whole } from '../http/query.js';

export const ListDataQuery = z.object({
  prefix: z.string().max(TRAIN_LIMITS.dataId.chars).optional(),
  after: z.string().max(TRAIN_LIMITS.dataId.chars).optional().describe('The last key of the page before'),
  limit: whole(1, 1000, 100),
});
export type ListDataQuery = z.infer<typeof ListDataQuery>;

/** That some model has. */
export const TASKS = [...new Set(CATALOG.map(({ task }) => task))];

export const ProfileQuery = z.object({
  target_column: z.string().max(TRAIN_LIMITS.columnName.chars).optional(),
  task_type: z.enum(TASKS).optional(),
});
export type ProfileQuery = z.infer<typeof ProfileQuery>;

export const DatasetSchema = z.object({ data_id: z.string(), size: z.int(), etag: z.string() });
export const DatasetListSchema = z.object({ datasets: z.array(DatasetSchema.extend({ modified_at: z.string() })) });
export const DeletedSchema = z.object({ message: z.string() });
