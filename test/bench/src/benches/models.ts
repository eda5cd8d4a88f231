import { CATALOG, catalogEntry } from '@trainer/model';
import { temporaryHome } from '../cluster/running-cluster.js';
import { summary } from '../measuring/statistics.js';
import { prove } from '../measuring/timing.js';
import { isWanted } from '../measuring/wanted.js';
import { columns } from '../report/table.js';
import type { BenchTable, Taken } from '../models/messages.js';
import { learn, LIMIT_S, openPythons, type Case, type Pythons, type Said } from '../models/sides.js';
import { writeTable } from '../models/tables.js';
import { hasLearnt, isAsFast, isAsSmall, type Figures } from '../models/verdict.js';
import type { Bench, Results } from './bench.js';

const CPUS = [0, 1] as const;
const SHAPE = { rows: 100_000, columns: 28 };
const ROWS = [10_000, 100_000, 1_000_000];
const COLUMNS = { rows: 10_000, columns: [10, 100, 1_000] };
const PARTS = ['speed', 'growth', 'ranks'] as const;

/** What every part works with. */
interface Ground {
  readonly pythons: Pythons;
  readonly cases: readonly Case[];
  readonly runs: number;
  readonly say: (text: string) => void;
  table(model: string, shape: { readonly rows: number; readonly columns: number }): Promise<BenchTable>;
}

/** The learner alone, data in memory, each side in a fresh process and in turns; two threads on two CPUs. */
export const models: Bench = {
  name: 'models',
  about: `every model's speed and memory beside its library in Python, ${SHAPE.rows} x ${SHAPE.columns}; how both grow; one rank and two`,
  ray: null,
  run: async ({ runs, say }) => {
    say("Python's packages where they are missing");
    const pythons = await openPythons(CPUS, process.env['BENCH_DTYPE'] ?? 'float32');
    for (const { modelId } of CATALOG)
      prove(
        pythons.cases.some(({ model }) => model === modelId),
        `${modelId} has a reference`,
      );
    const cases = pythons.cases.filter(({ name }) => isWanted('BENCH_MODELS', name));
    await using home = await temporaryHome();
    const tables = new Map<string, Promise<BenchTable>>();
    const table: Ground['table'] = (model, shape) => {
      const task = taskOf(model);
      const key = JSON.stringify([task, shape]);
      const found = tables.get(key) ?? writeTable(home.path, task, shape);
      tables.set(key, found);
      return found;
    };
    const ground = { pythons, cases, runs, say, table };
    const parts = (process.env['BENCH_PARTS'] ?? PARTS.join()).split(',');
    const results: Record<string, Results> = {};
    if (parts.includes('speed')) results['speed'] = await speed(ground);
    if (parts.includes('growth')) results['growth'] = await growth(ground);
    if (parts.includes('ranks')) results['ranks'] = await ranks(ground);
    return results;
  },
};

function entryOf(model: string): (typeof CATALOG)[number] {
  const entry = catalogEntry(model);
  prove(entry !== null, `the catalog has ${model}`);
  return entry;
}

const taskOf = (model: string): (typeof CATALOG)[number]['task'] => entryOf(model).task;

function figuresOf(taken: readonly Taken[]): Figures {
  const median = (of: (one: Taken) => number): number => summary(taken.map(of), 2).median;
  return { wallMs: median((one) => one.wall_ms), cpuMs: median((one) => one.cpu_ms), peakMib: median((one) => one.peak_mib) };
}

/** As a line of JSON has it, with how far the runs lie apart. */
function resultsOf(taken: readonly Taken[]): Results {
  return {
    wall_ms: summary(taken.map((one) => one.wall_ms)),
    cpu_ms: summary(taken.map((one) => one.cpu_ms)),
    peak_mib: summary(taken.map((one) => one.peak_mib)),
    score: summary(
      taken.map((one) => one.score),
      4,
    ),
  };
}

const cell = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(1));
const ratio = (ours: number, theirs: number): string => (ours / theirs).toFixed(2);
const verdict = (isMet: boolean): string => (isMet ? 'met' : 'missed');

/** Of each case: both sides and what is beside them, and whether floor, goal and memory are met. */
async function speed(ground: Ground): Promise<Results> {
  const results: Record<string, Results> = {};
  const header = [
    'model',
    'wall s',
    'theirs',
    'ratio',
    'CPU s',
    'theirs',
    'ratio',
    'floor',
    'MiB',
    'theirs',
    'memory',
    'beside: wall s, CPU s',
    'goal',
  ];
  const lines = [header];
  for (const one of ground.cases) {
    const taken = await inTurns(ground, one, SHAPE, ground.runs);
    results[one.name] = Object.fromEntries([
      ...Object.entries(taken.sides).map(([side, of]) => [side, resultsOf(of)] as const),
      ...Object.entries(taken.absent),
    ]);
    const line = speedLine(one, taken);
    ground.say(line.join('  '));
    lines.push(line);
  }
  process.stdout.write(`\n${columns(lines)}\n\n`);
  return results;
}

/** What the runs of all sides took, and of those that there are none of, why. */
interface Turns {
  readonly sides: Readonly<Record<string, readonly Taken[]>>;
  readonly absent: Readonly<Record<string, string>>;
}

async function inTurns({ pythons, say, table }: Ground, one: Case, shape: typeof SHAPE, runs: number, isAlone = false): Promise<Turns> {
  const others = ['reference', ...(isAlone ? [] : Object.keys(one.beside))];
  const at = await table(one.model, shape);
  const sides: Record<string, Taken[]> = {};
  const absent: Record<string, string> = {};
  const keep = (side: string, said: Said | Taken): void => {
    if ('absent' in said) absent[side] = said.absent;
    else (sides[side] ??= []).push(said);
  };
  for (let seed = 1; seed <= runs; seed += 1) {
    say(`${one.name}, ${shape.rows} x ${shape.columns}, ${seed} of ${runs}`);
    const run = { one, table: at, seed };
    if (absent['ours'] === undefined) keep('ours', (await learn(run, [CPUS]))?.[0] ?? { absent: `over ${LIMIT_S} s` });
    for (const side of others) if (absent[side] === undefined) keep(side, await pythons.fit(side, run));
  }
  const [ours, theirs] = [sides['ours'], sides['reference']];
  if (ours && theirs) {
    const [own, other] = [scoreOf(ours), scoreOf(theirs)];
    prove(hasLearnt(own, other), `${one.name} learns ${own} of ${shape.rows} x ${shape.columns}, where the reference learns ${other}`);
  }
  return { sides, absent };
}

const scoreOf = (taken: readonly Taken[]): number =>
  summary(
    taken.map(({ score }) => score),
    4,
  ).median;

function speedLine(one: Case, { sides, absent }: Turns): string[] {
  const [mine, other] = [sides['ours'], sides['reference']];
  if (!mine || !other) return [one.name, ...Object.entries(absent).map(([side, why]) => `${side}: ${why}`)];
  const [ours, theirs] = [figuresOf(mine), figuresOf(other)];
  const beside = Object.entries(one.beside).flatMap(([side, share]) => {
    const taken = sides[side];
    return taken ? [{ side, share, of: figuresOf(taken) }] : [];
  });
  const faster = beside.filter(({ of }) => of.wallMs < theirs.wallMs);
  const shown = [...beside.map(({ side, of }) => `${side} ${cell(of.wallMs / 1000)}, ${cell(of.cpuMs / 1000)}`), ...Object.values(absent)];
  return [
    one.name,
    ...[(ours.wallMs / 1000).toFixed(2), (theirs.wallMs / 1000).toFixed(2), ratio(ours.wallMs, theirs.wallMs)],
    ...[(ours.cpuMs / 1000).toFixed(2), (theirs.cpuMs / 1000).toFixed(2), ratio(ours.cpuMs, theirs.cpuMs)],
    verdict(isAsFast(ours, theirs, one.floor)),
    ...[cell(ours.peakMib), cell(theirs.peakMib), verdict(isAsSmall(ours, theirs))],
    shown.join('; '),
    faster.length === 0 ? '-' : verdict(faster.every(({ of, share }) => isAsFast(ours, of, 1 / share))),
  ];
}

/** Wall seconds of both sides by rows and by columns, one run each. */
async function growth(ground: Ground): Promise<Results> {
  const shapes = [
    ...ROWS.map((rows) => ({ rows, columns: SHAPE.columns })),
    ...COLUMNS.columns.map((of) => ({ rows: COLUMNS.rows, columns: of })),
  ];
  const results: Record<string, Results> = {};
  const lines = [['model', 'side', ...shapes.map(({ rows, columns: of }) => `${rows / 1_000}k x ${of}`)]];
  for (const one of ground.cases) {
    const cells: Record<'ours' | 'reference', string[]> = { ours: [], reference: [] };
    const of: Record<string, Results> = {};
    for (const shape of shapes) {
      const { sides, absent } = await inTurns(ground, one, shape, 1, true);
      for (const side of ['ours', 'reference'] as const) {
        const taken = sides[side];
        cells[side].push(taken ? ((taken[0]?.wall_ms ?? NaN) / 1000).toFixed(2) : `skipped: ${absent[side] ?? ''}`);
        of[`${side} ${shape.rows} x ${shape.columns}`] = taken ? resultsOf(taken) : { skipped: absent[side] ?? '' };
      }
    }
    results[one.name] = of;
    lines.push([one.name, 'ours', ...cells.ours], ['', 'theirs', ...cells.reference]);
    ground.say([one.name, ...cells.ours, '|', ...cells.reference].join('  '));
  }
  process.stdout.write(`\n${columns(lines)}\n\n`);
  return results;
}

/** Ways to share the work: the CPUs of each process. */
const WAYS = { one_rank: [[CPUS[0]]], two_ranks: CPUS.map((cpu) => [cpu]), two_threads: [CPUS] } as const;

/** One rank and two, each of one thread on its own CPU, and one process of two threads: wall seconds, and CPU seconds of all of them. */
async function ranks({ cases, runs, say, table }: Ground): Promise<Results> {
  const results: Record<string, Results> = {};
  const lines = [['model', '1 rank: wall s', 'CPU s', '2 ranks', 'CPU s', 'times', '2 threads', 'CPU s', 'times']];
  for (const one of cases.filter(({ model }) => entryOf(model).ranks !== null)) {
    const taken: Record<string, Taken[]> = { one_rank: [], two_ranks: [], two_threads: [] };
    const at = await table(one.model, SHAPE);
    for (let seed = 1; seed <= runs; seed += 1) {
      say(`${one.name}, by ranks, ${seed} of ${runs}`);
      for (const [way, pins] of Object.entries(WAYS)) {
        const all = await learn({ one, table: at, seed }, pins);
        if (all) taken[way]?.push(together(all));
      }
    }
    const of = Object.entries(taken).filter(([, runsOfIt]) => runsOfIt.length > 0);
    results[one.name] = Object.fromEntries(of.map(([way, runsOfIt]) => [way, resultsOf(runsOfIt)]));
    const figures = Object.fromEntries(of.map(([way, runsOfIt]) => [way, figuresOf(runsOfIt)]));
    const line = ranksLine(one.name, figures);
    say(line.join('  '));
    lines.push(line);
  }
  process.stdout.write(`\n${columns(lines)}\n\n`);
  return results;
}

/** The slowest rank's time, everybody's CPU time and memory. */
function together(ranksOfIt: readonly Taken[]): Taken {
  const sum = (of: (one: Taken) => number): number => ranksOfIt.reduce((total, one) => total + of(one), 0);
  return {
    wall_ms: Math.max(...ranksOfIt.map((one) => one.wall_ms)),
    cpu_ms: sum((one) => one.cpu_ms),
    peak_mib: sum((one) => one.peak_mib),
    score: sum((one) => one.score) / ranksOfIt.length,
  };
}

function ranksLine(name: string, figures: Readonly<Record<string, Figures>>): string[] {
  const shown = (way: string): string[] => {
    const of = figures[way];
    const alone = figures['one_rank'];
    if (!of) return [`over ${LIMIT_S} s`, '', ''];
    return [cell(of.wallMs / 1000), cell(of.cpuMs / 1000), alone ? ratio(alone.wallMs, of.wallMs) : ''];
  };
  return [name, ...shown('one_rank').slice(0, 2), ...shown('two_ranks'), ...shown('two_threads')];
}
