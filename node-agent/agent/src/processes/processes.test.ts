import { describe, expect, test } from '@jest/globals';
import type { DeathCause } from '@trainer/model';
import { causeOfExit, type Exit } from './cause-of-exit.js';
import { actorEnvironment, threadsOf } from './environment.js';
import { LineSplitter, MAX_LINE_CHARS } from './line-splitter.js';
import { systemMemory } from './memory-use.js';

describe('the cause of an exit', () => {
  const exit: Exit = {
    code: null,
    signal: null,
    told: null,
    asked: null,
    lastError: null,
    hasKernelKilled: false,
    limitBytes: 100,
    usedBytes: 90,
  };
  const threw: DeathCause = { kind: 'constructor-threw', error: { name: 'E', message: 'm', stack: '', fields: {} } };
  const released: DeathCause = { kind: 'released' };
  const cases: [string, Partial<Exit>, DeathCause][] = [
    ['its code', { code: 3 }, { kind: 'exited', code: 3 }],
    ['its signal', { signal: 'SIGSEGV' }, { kind: 'signal', signal: 'SIGSEGV' }],
    [
      "the kernel's want of memory",
      { signal: 'SIGKILL', hasKernelKilled: true },
      { kind: 'out-of-memory', limitBytes: 100, usedBytes: 90 },
    ],
    ['an unasked SIGKILL', { signal: 'SIGKILL' }, { kind: 'signal', signal: 'SIGKILL' }],
    [
      'another signal although the kernel killed elsewhere',
      { signal: 'SIGTERM', hasKernelKilled: true },
      { kind: 'signal', signal: 'SIGTERM' },
    ],
    ['why it was ended', { signal: 'SIGKILL', asked: released, hasKernelKilled: true }, released],
    ['its code with its last error', { code: 3, lastError: 'E: m' }, { kind: 'exited', code: 3, lastError: 'E: m' }],
    ['an end without a fault, whatever it wrote', { code: 0, lastError: 'E: m' }, { kind: 'exited', code: 0 }],
    [
      'its own signal with its last error',
      { signal: 'SIGABRT', lastError: 'E: m' },
      { kind: 'signal', signal: 'SIGABRT', lastError: 'E: m' },
    ],
    ["another's signal, whatever it wrote", { signal: 'SIGTERM', lastError: 'E: m' }, { kind: 'signal', signal: 'SIGTERM' }],
    ['what it told first', { code: 1, told: threw, asked: released }, threw],
  ];
  test.each(cases)('is %s', (_name, known, cause) => expect(causeOfExit({ ...exit, ...known })).toEqual(cause));
});

describe('lines', () => {
  const split = (...chunks: (string | Buffer)[]): string[] => {
    const lines: string[] = [];
    const splitter = new LineSplitter((line) => lines.push(line));
    for (const chunk of chunks) splitter.push(Buffer.from(chunk as string));
    splitter.end();
    return lines;
  };

  test('come whole, however the bytes came', () => expect(split('a\nb', 'c\r\n', '\nlast')).toEqual(['a', 'bc', '', 'last']));
  test('keep characters whose bytes came apart', () => {
    const bytes = Buffer.from('ü€\n');
    expect(split(bytes.subarray(0, 1), bytes.subarray(1, 3), bytes.subarray(3))).toEqual(['ü€']);
  });
  test('are cut at their limit, and the next one is whole', () => {
    const [long, next] = split('x'.repeat(MAX_LINE_CHARS), 'y'.repeat(1_000_000), '\nnext\n');
    expect(long).toBe(`${'x'.repeat(MAX_LINE_CHARS)}... (cut)`);
    expect(next).toBe('next');
  });
});

describe('the environment of an actor', () => {
  const gpus = [0, 1].map((index) => ({ index, uuid: `GPU-${index}`, model: 'm', memoryBytes: 1 }));
  const grant = { cpuMilli: 2_500, memoryBytes: 0, gpus: [{ index: 1, milli: 1000 }] };

  test('names its threads and its devices', () => {
    expect(actorEnvironment(grant, gpus, { MY_KEY: 'v' })).toEqual({
      MY_KEY: 'v',
      OMP_NUM_THREADS: '2',
      OPENBLAS_NUM_THREADS: '2',
      OMP_WAIT_POLICY: 'passive',
      CUDA_VISIBLE_DEVICES: 'GPU-1',
    });
  });
  test.each(['MY_KEY', 'AWS_REGION', 'DATABASE_URL', 'TZ', 'LANG', 'LC_ALL', '_x', 'X'.repeat(255), 'PATHS', 'HOMEPAGE'])(
    'takes %j',
    (name) => expect(actorEnvironment(grant, gpus, { [name]: 'x' })).toMatchObject({ [name]: 'x' }),
  );
  test('a refusal names the variable and says why', () =>
    expect(() => actorEnvironment(grant, gpus, { GCONV_PATH: '/x' })).toThrow(
      'The variable "GCONV_PATH" can\'t be set for an actor: it changes how programs and libraries are loaded.',
    ));
  test.each(['\0', 'a\0b'])('a value that its process could not hold is refused: %j', (value) =>
    expect(() => actorEnvironment(grant, gpus, { MY_KEY: value })).toThrow('its value has U+0000'),
  );
  test('a fraction of a CPU is one thread', () => expect(threadsOf({ ...grant, cpuMilli: 100 })).toBe(1));
  test.each([
    'NODE_OPTIONS',
    'LD_PRELOAD',
    'DYLD_INSERT_LIBRARIES',
    'GCONV_PATH',
    'LOCPATH',
    'GLIBC_TUNABLES',
    'PERL5OPT',
    'PYTHONSTARTUP',
    'JAVA_TOOL_OPTIONS',
    '_JAVA_OPTIONS',
    'BASH_FUNC_x',
    'OPENSSL_CONF',
    'SSL_CERT_FILE',
    'RES_OPTIONS',
    'UV_THREADPOOL_SIZE',
    'ld_preload',
    '1X',
    'A\u0000B',
    'É',
    'X'.repeat(256),
    'TRAINER_SECRET',
    'PATH',
    'OMP_NUM_THREADS',
    'CUDA_VISIBLE_DEVICES',
    'A B',
    'X=Y',
    '',
  ])('refuses %j', (name) =>
    expect(() => actorEnvironment(grant, gpus, { [name]: 'x' })).toThrow(expect.objectContaining({ code: 'env.refused' })),
  );
});

test('resident memory of a process is measured with that of its children, and is zero for one that is gone', () => {
  const memory = systemMemory();
  const own = memory.residentBytes(process.pid);
  expect(own).toBeGreaterThan(20 * 2 ** 20);
  expect(memory.residentBytes(2 ** 22 + 1)).toBe(0);
});
