import { z } from 'zod';
import { whole } from '../http/query.js';
import { FORMATS } from './models.mapper.js';

export const ListModelsQuery = z.object({ page: whole(1, 1_000_000, 1), page_size: whole(1, 50, 10) });
export type ListModelsQuery = z.infer<typeof ListModelsQuery>;

export const DownloadQuery = z.object({ format: z.enum(FORMATS).default('pkl') });
export type DownloadQuery = z.infer<typeof DownloadQuery>;
