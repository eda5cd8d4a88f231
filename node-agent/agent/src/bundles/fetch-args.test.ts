import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { actorId, TrainerError } from '@trainer/model';
import { systemClock } from '@trainer/runtime';
import type { ArgsOf } from '@trainer/wire';
import { fetchArgs, type ArgsSource } from './fetch-args.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trainer-args-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const of = (text: string): ArgsOf => {
  const sha256 = createHash('sha256').update(text).digest('hex');
  return { actor: actorId('actor-0000000000000001'), args: { bytes: text.length, sha256 } };
};

/** Each try gives the next of these: chunks, the last of which may be an error. */
function source(...tries: (string | Error)[][]): ArgsSource {
  return {
    async *fetchArgs() {
      for (const part of tries.shift() ?? []) {
        if (part instanceof Error) throw part;
        yield await Promise.resolve(Buffer.from(part));
      }
    },
  };
}
const fetched = async (from: ArgsSource, signal = new AbortController().signal): Promise<string> => {
  const path = join(folder, 'args');
  await fetchArgs(from, of('abcdef'), path, { clock: systemClock(), signal });
  return readFileSync(path, 'utf8');
};
const away = new TrainerError('cluster.unavailable', 'the head is away', {}, 'same');

test('what comes in chunks is in the file', async () => {
  expect(await fetched(source(['abc', '', 'def']))).toBe('abcdef');
});

test('what a head that went away began is begun again', async () => {
  expect(await fetched(source(['abc', away], [away], ['abcdef']))).toBe('abcdef');
});

test.each([
  ['too few', ['abc'], 'args.damaged'],
  ['too many', ['abcdef', 'g'], 'args.damaged'],
  ['others', ['abcdeF'], 'args.damaged'],
  ['none, as the head knows of none', [new TrainerError('object.not-found', 'gone', {})], 'object.not-found'],
])('where the bytes are %s, the file is gone and the error says so', async (_, parts, code) => {
  await expect(fetched(source(parts))).rejects.toMatchObject({ code });
  expect(existsSync(join(folder, 'args'))).toBe(false);
});

test('the end of the process that waits ends the tries, and leaves no file', async () => {
  const gone = new AbortController();
  const waiting = fetched(source(['abc', away], [away], [away], [away], [away], [away], [away], [away]), gone.signal);
  gone.abort(new Error('its process is gone'));
  await expect(waiting).rejects.toThrow();
  expect(existsSync(join(folder, 'args'))).toBe(false);
});
