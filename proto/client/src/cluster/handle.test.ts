import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { aSentTrainRequest } from '@trainer/model/testing';
import { encodeSentRequest } from '@trainer/wire';
import { rejection } from '../testing/rejection.js';
import { ActorListener } from '../testing/rpc/actor-listener.js';
import { linkTo, type TestLink } from '../testing/test-link.js';
import { checkCreateOptions, checkGet } from './options.js';

class Subject {
  echo(value: unknown): unknown {
    return value;
  }
  *items(count: number): Generator<number> {
    for (let i = 0; i < count; i += 1) yield i;
  }
}

let listener: ActorListener;
let subject: TestLink<Subject>;

beforeEach(async () => {
  listener = await new ActorListener(new Subject()).start();
  subject = linkTo<Subject>(listener);
});

afterEach(async () => {
  subject.link.close();
  await listener.stop();
});

type Proxies = Record<string | symbol, unknown>;
const surfaces = (): Proxies[] => [subject.handle.call as unknown as Proxies, subject.handle.stream as unknown as Proxies];

describe('the language and its tools ask a handle, and nothing is called', () => {
  afterEach(async () => {
    expect(await subject.handle.call.echo(1)).toBe(1);
    expect(listener.ran.map(({ method }) => method)).toEqual(['echo']);
  });

  test.each(['then', 'toJSON', 'toString', 'valueOf', 'toLocaleString', 'constructor', 'hasOwnProperty', 'asymmetricMatch', '__proto__'])(
    'for %s',
    (name) => {
      for (const surface of surfaces()) expect(surface[name]).toBeUndefined();
    },
  );

  test('for every symbol that the language knows', () => {
    const symbols = Object.getOwnPropertyNames(Symbol)
      .map((name) => (Symbol as unknown as Record<string, unknown>)[name])
      .filter((value) => typeof value === 'symbol');
    expect(symbols.length).toBeGreaterThan(10);
    for (const surface of surfaces()) for (const symbol of symbols) expect(surface[symbol]).toBeUndefined();
  });

  test('when it is awaited, and gives itself', async () => {
    const { handle } = subject;
    expect(await handle).toBe(handle);
    for (const surface of surfaces()) expect((await surface) === surface).toBe(true);
  });

  test('when it is shown', () => {
    const { handle } = subject;
    expect(inspect({ handle }, { depth: 5 })).toBe('{ handle: ActorHandle(actor-0123456789abcdef) }');
    expect(inspect(handle.call)).toBe('calls of actor-0123456789abcdef');
    expect(inspect(handle.stream, { showProxy: false })).toBe('streams of actor-0123456789abcdef');
  });

  test('when it becomes JSON', () => {
    expect(JSON.stringify(subject.handle)).toBe('{"id":"actor-0123456789abcdef","name":null}');
    expect(JSON.stringify(surfaces())).toBe('[{},{}]');
  });

  test('when it is compared, printed by a test or converted to text', () => {
    const { handle } = subject;
    expect(handle).toEqual(handle.with({ timeoutMs: 5_000 }));
    expect(() => expect(surfaces()).toEqual([{ echo: 1 }, 2])).toThrow('echo');
    expect(Object.keys(handle.call)).toEqual([]);
    expect(() => String(handle.call)).toThrow(TypeError);
    expect(() => Object.assign(handle.call, { echo: 1 })).toThrow(TypeError);
  });

  test('when 100,000 names are made up', () => {
    const [call] = surfaces();
    for (let i = 0; i < 100_000; i += 1) expect(typeof call?.[`name ${i}`]).toBe('function');
    expect(call?.['echo']).not.toBe(call?.['name 1']);
  });
});

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

describe('arguments that cannot be sent', () => {
  test.each<[string, unknown, string]>([
    ['a revoked proxy', revoked(), 'args[0]'],
    ['a getter that throws', Object.defineProperty({}, 'rows', { enumerable: true, get: () => revoked().toString() }), 'args[0].rows'],
    ['half of a surrogate pair', ['\ud800'], 'args[0][0]'],
    ['a function', { f: () => 1 }, 'args[0].f'],
  ])('%s reject the call with their path, and the handle goes on', async (_, value, path) => {
    const { handle } = subject;
    expect(await rejection(handle.call.echo(value))).toMatchObject({ code: 'value.not-transferable', facts: { path } });
    expect(() => handle.stream.items(value as number)).toThrow(expect.objectContaining({ code: 'value.not-transferable' }));
    expect(await handle.call.echo('after')).toBe('after');
    expect(listener.ran).toHaveLength(1);
  });
});

describe('text of a program that is not UTF-8 is an error, and is not changed', () => {
  const half = '\ud800';

  test('as the name of a method', async () => {
    const calls = subject.handle.call as unknown as Record<string, () => Promise<unknown>>;
    const wanted = { code: 'value.not-transferable', facts: { path: String.raw`call["\ud800"]` } };
    expect(await rejection(calls[half]?.() ?? Promise.resolve())).toMatchObject(wanted);
    expect(listener.ran).toEqual([]);
  });

  test.each([
    ['name', { name: half }],
    ['namespace', { namespace: half }],
    ['env', { env: { HALF: half } }],
    ['env', { env: { [half]: 'x' } }],
  ])('as %s of an actor', (option, options) => {
    const wanted = { code: 'request.invalid', facts: { issues: [expect.objectContaining({ path: [option], type: 'type' })] } };
    expect(() => checkCreateOptions(options)).toThrow(expect.objectContaining(wanted));
  });

  test('as the name of an actor that is looked for', () => {
    expect(() => checkGet(half, {})).toThrow('half of a surrogate pair');
  });

  test.each([
    ['request.targetColumn', { targetColumn: half }],
    ['request.tags.owner', { tags: { owner: half } }],
    ['request.excludeColumns[1]', { excludeColumns: ['a', half] }],
    ['request.hyperparameters.booster', { hyperparameters: { booster: half } }],
  ])('as %s of a training', (path, values) => {
    expect(() => encodeSentRequest(aSentTrainRequest(values))).toThrow(`${path} is a text that is not UTF-8`);
  });
});
