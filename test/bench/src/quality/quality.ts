import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { testPython, type TestPython } from '@trainer/test';
import { splitRows } from '@trainer/training/internal';
import type { Bench, Results } from '../benches/bench.js';
import { downloadModel, putData, trainAndFollow } from '../cluster/rest.js';
import { startCluster, temporaryHome } from '../cluster/running-cluster.js';
import { round } from '../measuring/statistics.js';
import { prove } from '../measuring/timing.js';
import { columns } from '../report/table.js';
import { isAsGood, isAsGoodTogether, pooled, type Comparison, type Task } from './verdict.js';

const SCRIPTS = '../bench/python/quality';
const SPLITS = 10;
/** Where nothing is said, as the service splits tables of this size. */
const VALIDATION = 0.2;
/** The scores that a job reports beside those that its downloaded model makes. */
const REPORTED: Readonly<Record<Task, string>> = { classification: 'val_accuracy', regression: 'val_r2' };
const SAME_SCORE = 1e-6;

/** What python/quality/datasets.py writes. */
interface Dataset {
  readonly name: string;
  readonly kind: 'bundled' | 'generated' | 'mixed';
  readonly task: Task;
  readonly path: string;
  readonly rows: number;
  readonly validationSplit: number | null;
  /** Class of each row; null for regression. */
  readonly classOf: readonly number[] | null;
}

interface Known {
  readonly models: Readonly<Record<string, Task>>;
  readonly mutants: readonly string[];
  readonly honest: readonly string[];
}

/** One of the lines of the table: a model, or a stand-in for one, on one dataset. */
interface Line extends Comparison {
  readonly who: string;
  readonly dataset: Dataset;
}

/** Every model beside its scikit-learn reference: on each dataset ten splits with the same rows and parameters on both sides. */
export const quality: Bench = {
  name: 'quality',
  about:
    "every model's scores beside those of scikit-learn, XGBoost and LightGBM on the same rows, and spoiled models that must be noticed",
  ray: null,
  run: async ({ say }) => {
    say("the datasets, and Python's packages where they are missing");
    const python = await testPython(`${SCRIPTS}/requirements.txt`);
    await using home = await temporaryHome();
    const all = (await python.run(`${SCRIPTS}/datasets.py`, { folder: home.path })) as readonly Dataset[];
    const datasets = all.filter(({ name }) => isWanted('BENCH_DATASETS', name));
    const known = (await python.run(`${SCRIPTS}/known.py`, {})) as Known;
    const lines: Line[] = [];
    const show = (line: Line): void => {
      say(`${line.who}, ${line.dataset.name}: ${round(line.ours, 4)} beside ${round(line.theirs, 4)}`);
      lines.push(line);
    };
    for (const who of isWanted('BENCH_MODELS', 'stand-ins') ? [...known.mutants, ...known.honest] : []) {
      const fitting = datasets.filter(({ task, kind }) => task === 'classification' && kind !== 'mixed');
      for (const dataset of fitting) show({ who, dataset, ...(await double(python, who, dataset)) });
    }
    const models = Object.entries(known.models).filter(([model]) => isWanted('BENCH_MODELS', model));
    await using service = await openService(home.path);
    for (const [model, task] of models)
      for (const dataset of datasets.filter((one) => one.task === task))
        show({ who: model, dataset, ...(await compared(python, service.url, model, dataset)) });
    process.stdout.write(`\n${tableOf(lines)}\n\n`);
    proveVerdicts(lines, known, models, datasets.length === all.length);
    return resultsOf(lines);
  },
};

function isWanted(setting: string, name: string): boolean {
  return name.includes(process.env[setting] ?? '');
}

async function openService(home: string): Promise<{ readonly url: string } & AsyncDisposable> {
  const cluster = await startCluster({ withGateway: true, home: join(home, 'cluster') });
  return { url: cluster.restUrl ?? '', [Symbol.asyncDispose]: () => cluster.stop() };
}

/** Row numbers that the service keeps for validation with this seed. */
function testRows({ rows, classOf, validationSplit }: Dataset, seed: number): readonly number[] {
  const classNames = [...new Set(classOf ?? [])].map(String);
  return [...splitRows({ rows, classOf, classNames, target: 'target', validationSplit: validationSplit ?? VALIDATION, seed }).validation];
}

async function compared(python: TestPython, url: string, model: string, dataset: Dataset): Promise<Comparison> {
  const dataId = `quality/${dataset.name}.csv`;
  await putData(url, dataId, await readFile(dataset.path, 'utf8'));
  const splits: { seed: number; test: readonly number[]; pkl: string; reported: number }[] = [];
  for (let seed = 1; seed <= SPLITS; seed += 1) {
    const job = await trainAndFollow(url, {
      model_id: model,
      task_type: dataset.task,
      data_id: dataId,
      target_column: 'target',
      validation_split: dataset.validationSplit ?? VALIDATION,
      seed,
      epochs: 1,
      early_stopping: false,
    });
    const pkl = `${dataset.path}.${seed}.pkl`;
    await writeFile(pkl, await downloadModel(url, job.id));
    splits.push({ seed, test: testRows(dataset, seed), pkl, reported: reportedScore(dataset.task, job.lastMetrics) });
  }
  const answer = await python.run(`${SCRIPTS}/score.py`, { path: dataset.path, model, parameters: {}, splits });
  const { scores, ...comparison } = answer as Comparison & { readonly scores: { readonly ours: readonly number[] } };
  splits.forEach(({ reported, seed }, at) => {
    const score = scores.ours[at] ?? Number.NaN;
    prove(
      Math.abs(score - reported) < SAME_SCORE,
      `${model} on ${dataset.name}, seed ${seed}: the job reports ${score}, and not ${reported}`,
    );
  });
  return comparison;
}

function reportedScore(task: Task, metrics: Readonly<Record<string, unknown>>): number {
  const all = { ...metrics, ...(metrics['additional_metrics'] as Readonly<Record<string, unknown>> | undefined) };
  return Number(all[REPORTED[task]]);
}

async function double(python: TestPython, who: string, dataset: Dataset): Promise<Comparison> {
  const splits = Array.from({ length: SPLITS }, (_, at) => ({ seed: at + 1, test: testRows(dataset, at + 1) }));
  return (await python.run(`${SCRIPTS}/doubles.py`, { double: who, path: dataset.path, splits })) as Comparison;
}

const isLine = (who: string) => (line: Line) => line.who === who;
const generatedOf = (lines: readonly Line[]): readonly Line[] => lines.filter(({ dataset }) => dataset.kind === 'generated');

function hasPassed(lines: readonly Line[]): boolean {
  return lines.every((line) => isAsGood(line.dataset.task, line)) && isAsGoodTogether(generatedOf(lines));
}

/** @throws NotDoneError where a model is worse than its reference, or the harness is blind or sees ghosts */
function proveVerdicts(lines: readonly Line[], known: Known, models: readonly (readonly [string, Task])[], areAllDatasets: boolean): void {
  const linesOf = (who: string): readonly Line[] => lines.filter(isLine(who));
  for (const [model] of models) prove(hasPassed(linesOf(model)), `${model} is as good as its reference`);
  for (const who of known.honest) prove(hasPassed(linesOf(who)), `${who} passes`);
  if (!areAllDatasets) return;
  for (const who of known.mutants.filter((mutant) => linesOf(mutant).length > 0)) prove(!hasPassed(linesOf(who)), `${who} is noticed`);
}

function tableOf(lines: readonly Line[]): string {
  const rows = lines.map((line) => [
    line.who,
    line.dataset.name,
    line.theirs.toFixed(4),
    line.ours.toFixed(4),
    line.difference.toFixed(4),
    line.p.toFixed(3),
    isAsGood(line.dataset.task, line) ? 'as good' : 'worse',
  ]);
  const together = [...new Set(lines.map(({ who }) => who))].flatMap((who) => {
    const generated = generatedOf(lines.filter(isLine(who)));
    if (generated.length === 0) return [];
    return [[who, 'generated, together', '', '', pooled(generated).toFixed(4), '', isAsGoodTogether(generated) ? 'as good' : 'worse']];
  });
  return columns([['model', 'dataset', 'theirs', 'ours', 'difference', 'p', 'verdict'], ...rows, ...together]);
}

function resultsOf(lines: readonly Line[]): Results {
  const results: Record<string, Record<string, Results>> = {};
  for (const { who, dataset, ours, theirs, difference, p } of lines)
    (results[who] ??= {})[dataset.name] = {
      ours: round(ours, 5),
      theirs: round(theirs, 5),
      difference: round(difference, 5),
      p: round(p, 4),
    };
  return results;
}
