import { describe, expect, test } from '@jest/globals';
import { cgroupPaths, cpuMaxMilli, cpuQuotaMilli, memoryMaxBytes, oomKills } from './cgroup.js';
import { detectCapacity, type Machine } from './detect.js';
import { fakeGpus, parseNvidiaSmi, parseRocmSmi, visibleGpus, namedGpus } from './gpus.js';

describe('limits of cgroups', () => {
  test.each([
    ['200000 100000\n', 2000],
    ['150000 100000', 1500],
    ['max 100000', null],
    ['', null],
  ])('cpu.max %j gives %p', (text, milli) => expect(cpuMaxMilli(text)).toBe(milli));

  test.each([
    ['50000', '100000', 500],
    ['-1', '100000', null],
    ['', '', null],
  ])('a quota of %j in %j gives %p', (quota, period, milli) => expect(cpuQuotaMilli(quota, period)).toBe(milli));

  test.each([
    ['max\n', null],
    ['1073741824\n', 2 ** 30],
    ['9223372036854771712', null],
    ['', null],
  ])('memory.max %j gives %p', (text, bytes) => expect(memoryMaxBytes(text)).toBe(bytes));

  test('the folders of a group go up to the root, in both versions', () => {
    const paths = cgroupPaths('4:memory:/a/b\n2:cpu,cpuacct:/c\n0::/system.slice/x\n');
    expect(paths.v2).toEqual(['/sys/fs/cgroup/system.slice/x', '/sys/fs/cgroup/system.slice', '/sys/fs/cgroup']);
    expect(paths.memoryV1).toEqual(['/sys/fs/cgroup/memory/a/b', '/sys/fs/cgroup/memory/a', '/sys/fs/cgroup/memory']);
    expect(paths.cpuV1).toEqual(['/sys/fs/cgroup/cpu/c', '/sys/fs/cgroup/cpu']);
  });

  test("the kernel's kills are read from memory.events and from vmstat", () => {
    expect(oomKills('low 0\nhigh 3\nmax 5\noom 2\noom_kill 7\noom_group_kill 0\n')).toBe(7);
    expect(oomKills('pgfault 1\noom_kill 2\n')).toBe(2);
    expect(oomKills('')).toBeNull();
  });
});

describe('devices', () => {
  const four = fakeGpus(4);

  test("nvidia-smi's lines are read, its warnings left out", () => {
    const output = 'Warning: infoROM is corrupted\nGPU-5f0c, NVIDIA H100 80GB HBM3, 81559\nGPU-77aa, NVIDIA A10, with comma, 23028\n';
    expect(parseNvidiaSmi(output)).toEqual([
      { uuid: 'GPU-5f0c', model: 'NVIDIA H100 80GB HBM3', memoryBytes: 81559 * 2 ** 20 },
      { uuid: 'GPU-77aa', model: 'NVIDIA A10, with comma', memoryBytes: 23028 * 2 ** 20 },
    ]);
    expect(parseNvidiaSmi('No devices were found')).toEqual([]);
  });

  test("rocm-smi's cards are read in the order of their numbers", () => {
    const card = (id: string) => ({ 'Unique ID': id, 'Card Series': 'Instinct MI300X', 'VRAM Total Memory (B)': '1024' });
    expect(parseRocmSmi(JSON.stringify({ card10: card('0xb'), card2: card('0xa'), system: {} })).map(({ uuid }) => uuid)).toEqual([
      '0xa',
      '0xb',
    ]);
    expect(parseRocmSmi('rocm-smi: command failed')).toEqual([]);
  });

  test.each([
    [null, [0, 1, 2, 3]],
    ['', []],
    ['2,0', [2, 0]],
    ['1,9,0', [1]],
    ['GPU-fake-3', [3]],
    ['-1', []],
  ])('CUDA_VISIBLE_DEVICES %j leaves %j', (visible, kept) => {
    expect(visibleGpus(four, visible).map(({ uuid }) => uuid)).toEqual(kept.map((i) => `GPU-fake-${i}`));
  });

  test('indices count in the visible list', () => {
    expect(visibleGpus(four, '3,1').map(({ index, uuid }) => `${index} ${uuid}`)).toEqual(['0 GPU-fake-3', '1 GPU-fake-1']);
  });
});

describe('the capacity of a machine', () => {
  const machine = (files: Readonly<Record<string, string>>, programs: Readonly<Record<string, string>> = {}): Machine => ({
    cpus: 8,
    memoryBytes: 16 * 2 ** 30,
    read: (path) => Promise.resolve(files[path] ?? null),
    run: (program) => Promise.resolve(programs[program] ?? null),
  });
  const options = { cpuMilli: null, memoryBytes: null, fakeGpus: 0, visibleDevices: null };

  test('is what it has where nothing limits it', async () => {
    expect(await detectCapacity(machine({}), options)).toEqual({ cpuMilli: 8000, memoryBytes: 16 * 2 ** 30, gpus: [] });
  });

  test('is the least of the limits of its groups and their parents', async () => {
    const files = {
      '/proc/self/cgroup': '0::/pod/container\n',
      '/sys/fs/cgroup/pod/container/cpu.max': 'max 100000',
      '/sys/fs/cgroup/pod/cpu.max': '250000 100000',
      '/sys/fs/cgroup/pod/container/memory.max': String(2 ** 30),
      '/sys/fs/cgroup/pod/memory.max': 'max',
    };
    expect(await detectCapacity(machine(files), options)).toMatchObject({ cpuMilli: 2500, memoryBytes: 2 ** 30 });
  });

  test('knows the limits of version 1', async () => {
    const files = {
      '/proc/self/cgroup': '4:memory:/docker/x\n1:cpu,cpuacct:/docker/x\n0::/\n',
      '/sys/fs/cgroup/cpu/docker/x/cpu.cfs_quota_us': '100000',
      '/sys/fs/cgroup/cpu/docker/x/cpu.cfs_period_us': '100000',
      '/sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes': String(2 ** 31),
    };
    expect(await detectCapacity(machine(files), options)).toMatchObject({ cpuMilli: 1000, memoryBytes: 2 ** 31 });
  });

  test('has the devices that the vendor tools show, or those that are feigned', async () => {
    const smi = { 'nvidia-smi': 'GPU-1, A, 10\nGPU-2, A, 10\n' };
    expect((await detectCapacity(machine({}, smi), { ...options, visibleDevices: '1' })).gpus).toMatchObject([{ index: 0, uuid: 'GPU-2' }]);
    expect((await detectCapacity(machine({}, smi), { ...options, fakeGpus: 3 })).gpus).toHaveLength(3);
  });
});

test.each([
  [null, 0],
  ['', 0],
  ['none', 0],
  ['-1', 0],
  ['0', 1],
  ['0, 1', 2],
  ['0,-1,1', 1],
  ['GPU-5f0c,7', 2],
])('CUDA_VISIBLE_DEVICES=%s names so many devices: %i', (list, count) => {
  expect(namedGpus(list)).toBe(count);
});
