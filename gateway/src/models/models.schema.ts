import { z } from 'zod';
import { whole } from '../http/query.js';
import { FORMATS } from './models.mapper.js';

export const ListModelsQuery = z.object({ page: whole(1, 1_000_000, 1), page_size: whole(1, 50, 10) });
export type ListModelsQuery = z.infer<typeof ListModelsQuery>;

export const DownloadQuery = z.object({ format: z.enum(FORMATS).default('pkl') });
/** An hour, and at most a week: whoever has the link has the file. */
const LINK_SECONDS = { default: 3_600, most: 7 * 24 * 3_600 };
const LinkBody = z.object({
  format: z.enum(FORMATS).default('pkl').describe('Of the file'),
  expires_in: z.int().min(1).max(LINK_SECONDS.most).default(LINK_SECONDS.default).describe('Seconds'),
});
/** Body of POST /models/{id}/download-url; none at all is one without fields. */
export const DownloadLinkBody = LinkBody.prefault({});
export type DownloadLinkRequest = z.infer<typeof LinkBody>;
export type DownloadQuery = z.infer<typeof DownloadQuery>;
