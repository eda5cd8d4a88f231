import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import {
  INLINE_ARGS_BYTES,
  INLINE_STATE_BYTES,
  LIMITS,
  MAX_ARGS_BYTES,
  MAX_SIGNING,
  MOST_TOKENS,
  PROFILE_LIMITS,
  TRAIN_LIMITS,
} from './index.js';

/** The table of docs/limits.md. @returns what is limited, to its limit in words */
function documented(): Map<string, string> {
  const page = readFileSync(new URL('../../../docs/limits.md', import.meta.url), 'utf8');
  return new Map([...page.matchAll(/^\| (.+?) \| (.+?) \|$/gm)].map(([, what = '', limit = '']) => [what, limit]));
}

const count = (it: number): string => it.toLocaleString('en-US');
const to = ({ min, max }: { readonly min: number; readonly max: number }): string =>
  `${count(min)} to ${max === 2 ** 31 - 1 ? '2^31 - 1' : count(max)}`;
const kib = (bytes: number): string => `${bytes / 1024} KiB`;
const mib = (bytes: number): string => `${bytes / 2 ** 20} MiB`;

const { env, hello, metrics, batch } = LIMITS;
const { request, hyperparameters, tags, excludeColumns } = TRAIN_LIMITS;

/** What each row has to say; a pattern where it says more than the constants do. */
const ROWS: Readonly<Record<string, string | RegExp>> = {
  'constructor arguments; of these in messages and rows': `${mib(MAX_ARGS_BYTES)}; ${kib(INLINE_ARGS_BYTES)}, larger ones are uploaded`,
  'an upload: its chunks; at once; waiting; standing still; in all': new RegExp(`^${mib(LIMITS.chunkBytes)} each; `),
  'a call: method name, arguments, answer': new RegExp(`^${LIMITS.symbolChars} characters, ${mib(MAX_ARGS_BYTES)}, `),
  'calls, cancels and credits of a batch; facts of a batch': `${count(batch)} each; ${count(batch)}`,
  'names and namespaces of actors': new RegExp(`^${LIMITS.nameChars} of `),
  'classes, exports': `${LIMITS.symbolChars} characters`,
  'environment of an actor':
    `${env.count} variables, names of ${env.nameChars}, values of ${count(env.valueChars)} characters, ` +
    `${kib(env.bytes)} in all; no U+0000`,
  'concurrency; priority; maxRestarts; maxCallRetries': [LIMITS.concurrency, LIMITS.priority, LIMITS.maxRestarts, LIMITS.maxCallRetries]
    .map(to)
    .join('; '),
  'tokens of REST in force; their names': `${count(MOST_TOKENS)}; ${LIMITS.nameChars} characters`,
  'requests of one process that wait to be signed': count(MAX_SIGNING),
  'any wait or timeout': LIMITS.waitMs.max === 24 * 3_600_000 ? 'a day' : `${LIMITS.waitMs.max} ms`,
  'entries of a list; last lines of a log': `${count(LIMITS.listed.max)}; ${count(LIMITS.logTail.max)}`,
  'open sessions': count(LIMITS.sessions),
  "an agent's hello": `${count(hello.leases)} leases; ${hello.labels} labels; ${hello.engines} engines; ${hello.gpus} GPUs`,
  'a state of an actor in a fact': `${kib(INLINE_STATE_BYTES)}; larger ones lie in the object store`,
  "a dataset's profile: columns told; in all; values of a column; a sentence":
    `${count(PROFILE_LIMITS.columns)}; some ${mib(PROFILE_LIMITS.chars)}; ` +
    `${PROFILE_LIMITS.values} of ${PROFILE_LIMITS.valueChars} characters; ${count(PROFILE_LIMITS.sentenceChars)} characters`,
  'metrics of an epoch or a model': `${count(metrics.count)}, names of ${metrics.nameChars} characters`,
  'an error: message, stack; facts': `${LIMITS.errorChars / 1024} Ki characters each; ${mib(LIMITS.errorFactsBytes)}`,
  'a training request in all; hyperparameters; tags; excluded columns': [
    kib(request.bytes),
    `${kib(hyperparameters.bytes)}, ${hyperparameters.names} names`,
    `${kib(tags.bytes)}, ${tags.max} tags`,
    `${kib(excludeColumns.bytes)}, ${count(excludeColumns.max)} names`,
  ].join('; '),
};

/** Rows whose numbers are constants of other packages. */
const ELSEWHERE = [
  'a message to the head; a batch to an actor',
  'streams of one connection; connections that have shown no secret',
  'a bundle of actor code',
  'links of downloads',
  'the description of a model',
];

describe('docs/limits.md', () => {
  const rows = documented();

  it.each(Object.entries(ROWS))('says of %s what is checked', (what, limit) => {
    expect(rows.get(what)).toEqual(typeof limit === 'string' ? limit : expect.stringMatching(limit));
  });

  it('has no row that nothing compares', () => {
    const compared = [...Object.keys(ROWS), ...ELSEWHERE];
    expect([...rows.keys()].filter((what) => what !== 'what' && what !== '---').sort()).toEqual(compared.sort());
  });
});
