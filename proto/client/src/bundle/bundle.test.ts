import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ERROR_CLASSES } from '../calling.js';
import { bundleModule } from './bundle.js';
import { SHARED_ERRORS, STUBBED_ERRORS } from './stub.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainer-bundle-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function moduleOf(name: string, source: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, source);
  return pathToFileURL(file).href;
}
/** Loads a bundle as an actor's process does. */
async function load(code: Uint8Array, name: string): Promise<Record<string, unknown>> {
  const file = join(folder, `${name}.loaded.mjs`);
  await writeFile(file, code);
  return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
}

test('a TypeScript module with its imports becomes one module that Node loads, without the client in it', async () => {
  const bundle = await bundleModule(new URL('../testing/counter.ts', import.meta.url).href);
  expect(bundle.exports).toEqual(['Counter', 'CounterSpec']);
  expect(bundle.code.byteLength).toBeLessThan(8_000);
  const { Counter, CounterSpec } = await load(bundle.code, 'counter');
  const counter = new (Counter as new (start: number) => { increment(by: number): number })(5);
  expect(counter.increment(2)).toBe(7);
  expect(CounterSpec).toMatchObject({ className: 'Counter' });
});

test('the same module has the same hash, another has another', async () => {
  const one = await moduleOf('one.ts', 'export class One {}');
  expect((await bundleModule(one)).hash).toBe((await bundleModule(one)).hash);
  expect((await bundleModule(await moduleOf('two.ts', 'export class Two {}'))).hash).not.toBe((await bundleModule(one)).hash);
});

test('a package written for CommonJS may require what Node has', async () => {
  await moduleOf('old.cjs', "const { sep } = require('node:path'); exports.sep = sep;");
  const bundle = await bundleModule(await moduleOf('user.mjs', "import { sep } from './old.cjs'; export const found = sep;"));
  expect((await load(bundle.code, 'user')).found).toBe('/');
});

test('a class keeps its name', async () => {
  const bundle = await bundleModule(
    await moduleOf('kept.ts', 'function helper() { return class Inner {}; } export class Outer extends helper() {}'),
  );
  expect((await load(bundle.code, 'kept')).Outer).toHaveProperty('name', 'Outer');
});

test('every value that the client exports can be imported inside an actor', async () => {
  const door = await import('../index.js');
  const values = Object.keys(door).filter((name) => !['actor', 'connect', 'TrainerError'].includes(name));
  expect([...STUBBED_ERRORS].sort()).toEqual(values.sort());
  expect(Object.keys(ERROR_CLASSES).sort()).toEqual(['TrainerError', ...values].sort());
});

test('the classes of the errors are those of the process that loads it, where it leaves them', async () => {
  const module = await moduleOf('errors.ts', "export { ActorDiedError, NameTakenError } from '@trainer/client';");
  class ActorDiedError extends Error {}
  const place = Symbol.for(SHARED_ERRORS);
  Object.assign(globalThis, { [place]: { ActorDiedError } });
  try {
    const loaded = await load((await bundleModule(module)).code, 'errors');
    expect(loaded['ActorDiedError']).toBe(ActorDiedError);
    expect(loaded['NameTakenError']).toHaveProperty('name', 'NameTakenError');
  } finally {
    Reflect.deleteProperty(globalThis, place);
  }
});

test('a program that connects inside the module of an actor is told to keep apart', async () => {
  const bundle = await bundleModule(
    await moduleOf('mixed.ts', "import { connect } from '@trainer/client'; export class A {} await connect();"),
  );
  await expect(load(bundle.code, 'mixed')).rejects.toThrow('a module of its own');
});

test('a module that does not compile names the file and the line', async () => {
  const broken = await moduleOf('broken.ts', "\nimport { x } from './missing.js';\nexport class A { y = x; }");
  await expect(bundleModule(broken)).rejects.toMatchObject({
    code: 'bundle.invalid',
    message: expect.stringMatching(/broken\.ts:2:\d+: Could not resolve "\.\/missing\.js"/),
  });
});

test('what is no file cannot be bundled', async () => {
  await expect(bundleModule('https://example.org/a.js')).rejects.toMatchObject({
    code: 'bundle.invalid',
    message: expect.stringContaining('import.meta.url'),
  });
});

test('a bundle above 32 MiB is refused with its size', async () => {
  const big = await moduleOf('big.mjs', `export const data = '${'x'.repeat(33 * 2 ** 20)}';`);
  await expect(bundleModule(big)).rejects.toMatchObject({
    code: 'bundle.too-large',
    message: expect.stringContaining('33.0 MiB; the limit is 32 MiB'),
  });
});
