import { INLINE_STATE_BYTES, MAX_LAST_ERROR_BYTES, type FromActorProcess } from '@trainer/model';
import fc from 'fast-check';
import { anySavedState } from './actors.arbitrary.js';
import { anyDeathCause, anyLarge, anyOrNull } from './common.arbitrary.js';
import { anyRankReport } from './jobs.arbitrary.js';
import { anyText, objectOf } from './values.arbitrary.js';

const anyLargeState = fc
  .constantFrom(0, 1, 16 * 1024, INLINE_STATE_BYTES - 1, INLINE_STATE_BYTES)
  .map((bytes) => ({ kind: 'inline' as const, bytes: Buffer.alloc(bytes, 'x') }));

const anySignedRequest = objectOf({
  method: fc.constantFrom('GET' as const, 'HEAD' as const, 'PUT' as const, 'POST' as const, 'DELETE' as const),
  bucket: fc.constantFrom('', 'trained-models', 'b'.repeat(63)),
  key: fc.oneof(
    anyText.filter((text) => text.length <= 1024),
    fc.constant('k'.repeat(1024)),
  ),
  query: fc.constantFrom<Record<string, string>>({}, { uploads: '' }, { partNumber: '10000', uploadId: 'an id' }),
});

export const anyFromActorProcess: fc.Arbitrary<FromActorProcess> = fc.oneof(
  objectOf({ kind: fc.constant('ready' as const), address: fc.nat(65_535).map((port) => `host.example:${port}`) }),
  objectOf({ kind: fc.constant('failed' as const), cause: anyDeathCause }),
  objectOf({ kind: fc.constant('report' as const), number: anyLarge, report: anyRankReport }),
  objectOf({ kind: fc.constant('state' as const), number: anyLarge, state: fc.oneof(anySavedState, anyLargeState) }),
  objectOf({ kind: fc.constant('sign' as const), number: anyLarge, request: anySignedRequest }),
  objectOf({ kind: fc.constant('beat' as const), step: anyOrNull(anyLarge) }),
  objectOf({ kind: fc.constant('threw' as const), text: fc.oneof(anyText, fc.constant('x'.repeat(MAX_LAST_ERROR_BYTES))) }),
  fc.constant({ kind: 'finished' as const }),
);
