import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { testPython, type TestPython } from '@trainer/test';
import { splitRows } from '@trainer/training/internal';
import type { Bench, Results } from '../benches/bench.js';
import { downloadModel, metricsOf, putData, trainAndFollow } from '../cluster/rest.js';
import { startCluster, temporaryHome } from '../cluster/running-cluster.js';
import { round } from '../measuring/statistics.js';
import { prove } from '../measuring/timing.js';
import { isWanted } from '../measuring/wanted.js';
import { columns } from '../report/table.js';
import { isAsGood, isAsGoodTogether, pooled, type Comparison, type Task } from './verdict.js';

const SCRIPTS = '../bench/python/quality';
const SEEDS = Array.from({ length: 10 }, (_, at) => at + 1);
/** Where nothing is said, as the service splits tables of this size. */
const VALIDATION = 0.2;
/** The scores that a job reports beside those that its downloaded model makes. */
const REPORTED: Readonly<Record<Task, string>> = { classification: 'val_accuracy', regression: 'val_r2', clustering: 'ari' };
/** A file's shares are float32: of 50,000 rows one may lie so near to a half that its label is the other. */
const SAME_SCORE: Readonly<Record<Task, number>> = { classification: 5e-5, regression: 1e-6, clustering: 1e-6 };

/** What python/quality/datasets.py writes. */
interface Dataset {
  readonly name: string;
  readonly kind: 'bundled' | 'generated' | 'mixed';
  /** Of its target. A table of classes is for clustering too. */
  readonly task: 'classification' | 'regression';
  readonly path: string;
  readonly rows: number;
  readonly validationSplit: number | null;
  /** Class of each row; null for regression. */
  readonly classOf: readonly number[] | null;
}

/** What is asked of a model, on both sides. */
interface Asked {
  readonly task: Task;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly epochs: number;
}

interface Known {
  readonly models: Readonly<Record<string, Asked>>;
  readonly mutants: readonly string[];
  readonly honest: readonly string[];
}

/** One of the lines of the table: a model, or a stand-in for one, on one dataset. */
interface Line extends Comparison {
  readonly who: string;
  readonly task: Task;
  readonly dataset: Dataset;
}

/** One model on one dataset, by the service and by Python. */
interface Side {
  readonly python: TestPython;
  readonly url: string;
  readonly model: string;
  readonly asked: Asked;
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
      for (const dataset of fitting) show({ who, task: dataset.task, dataset, ...(await double(python, who, dataset)) });
    }
    const models = Object.entries(known.models).filter(([model]) => isWanted('BENCH_MODELS', model));
    await using service = await openService(home.path);
    for (const [model, asked] of models)
      for (const dataset of datasets.filter(({ task }) => task === (asked.task === 'clustering' ? 'classification' : asked.task))) {
        const side: Side = { python, url: service.url, model, asked, dataset };
        show({ who: model, task: asked.task, dataset, ...(await (asked.task === 'clustering' ? clustered(side) : compared(side))) });
      }
    process.stdout.write(`\n${tableOf(lines)}\n\n`);
    proveVerdicts(lines, known, models, datasets.length === all.length);
    return resultsOf(lines);
  },
};

async function openService(home: string): Promise<{ readonly url: string } & AsyncDisposable> {
  const cluster = await startCluster({ withGateway: true, home: join(home, 'cluster') });
  return { url: cluster.restUrl ?? '', [Symbol.asyncDispose]: () => cluster.stop() };
}

/** Row numbers that the service keeps for validation with this seed. */
function testRows({ rows, classOf, validationSplit }: Dataset, seed: number): readonly number[] {
  const classNames = [...new Set(classOf ?? [])].map(String);
  return [...splitRows({ rows, classOf, classNames, target: 'target', validationSplit: validationSplit ?? VALIDATION, seed }).validation];
}

async function compared(side: Side): Promise<Comparison> {
  const { python, asked, model, dataset } = side;
  await upload(side);
  const splits: { seed: number; test: readonly number[]; pkl: string; reported: number }[] = [];
  for (const seed of SEEDS) splits.push({ seed, test: testRows(dataset, seed), ...(await trained(side, seed)) });
  const answer = await python.run(`${SCRIPTS}/score.py`, { path: dataset.path, model, parameters: asked.parameters, splits });
  return asReported(side, splits, answer as Scored);
}

/** On all rows: each side from its own first centres, and Python gone on from those of ours after their first iteration. */
async function clustered(side: Side): Promise<Comparison> {
  const { python, asked, model, dataset } = side;
  await upload(side);
  const seeds: { seed: number; pkl: string; begun: string; reported: number }[] = [];
  for (const seed of SEEDS) {
    const { pkl: begun } = await trained(side, seed, { max_iter: 1 });
    seeds.push({ seed, begun, ...(await trained(side, seed)) });
  }
  const answer = await python.run(`${SCRIPTS}/clusters.py`, { path: dataset.path, model, parameters: asked.parameters, seeds });
  return asReported(side, seeds, answer as Scored);
}

interface Scored extends Comparison {
  readonly scores: { readonly ours: readonly number[] };
}

/** @throws NotDoneError where a job's score is not that of its downloaded model */
function asReported(
  { model, dataset, asked }: Side,
  runs: readonly { seed: number; reported: number }[],
  { scores, ...found }: Scored,
): Comparison {
  runs.forEach(({ reported, seed }, at) => {
    const score = scores.ours[at] ?? Number.NaN;
    prove(
      Math.abs(score - reported) < SAME_SCORE[asked.task],
      `${model} on ${dataset.name}, seed ${seed}: the job reports ${score}, and not ${reported}`,
    );
  });
  return found;
}

const dataIdOf = ({ name }: Dataset): string => `quality/${name}.csv`;

async function upload({ url, dataset }: Side): Promise<void> {
  await putData(url, dataIdOf(dataset), await readFile(dataset.path, 'utf8'));
}

async function trained({ url, model, asked, dataset }: Side, seed: number, more: Asked['parameters'] = {}) {
  const { id } = await trainAndFollow(url, {
    model_id: model,
    task_type: asked.task,
    data_id: dataIdOf(dataset),
    target_column: 'target',
    validation_split: dataset.validationSplit ?? VALIDATION,
    seed,
    epochs: asked.epochs,
    early_stopping: false,
    hyperparameters: { ...asked.parameters, ...more },
  });
  const pkl = `${dataset.path}.${seed}.${Object.keys(more).join('.')}.pkl`;
  await writeFile(pkl, await downloadModel(url, id));
  return { pkl, reported: Number((await metricsOf(url, id))[REPORTED[asked.task]]) };
}

async function double(python: TestPython, who: string, dataset: Dataset): Promise<Comparison> {
  const splits = SEEDS.map((seed) => ({ seed, test: testRows(dataset, seed) }));
  return (await python.run(`${SCRIPTS}/doubles.py`, { double: who, path: dataset.path, splits })) as Comparison;
}

const isLine = (who: string) => (line: Line) => line.who === who;
/** Those with many rows to test on; a clustering has none to test on. */
const generatedOf = (lines: readonly Line[]): readonly Line[] =>
  lines.filter(({ task, dataset }) => dataset.kind === 'generated' && task !== 'clustering');

function hasPassed(lines: readonly Line[]): boolean {
  return lines.every((line) => isAsGood(line.task, line)) && isAsGoodTogether(generatedOf(lines));
}

/** @throws NotDoneError where a model is worse than its reference, or the harness is blind or sees ghosts */
function proveVerdicts(
  lines: readonly Line[],
  known: Known,
  models: readonly (readonly [string, unknown])[],
  areAllDatasets: boolean,
): void {
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
    line.same === undefined ? '' : `${line.same.above.toExponential(1)}, ${line.same.others} rows`,
    isAsGood(line.task, line) ? 'as good' : 'worse',
  ]);
  const together = [...new Set(lines.map(({ who }) => who))].flatMap((who) => {
    const generated = generatedOf(lines.filter(isLine(who)));
    if (generated.length === 0) return [];
    return [[who, 'generated, together', '', '', pooled(generated).toFixed(4), '', '', isAsGoodTogether(generated) ? 'as good' : 'worse']];
  });
  return columns([['model', 'dataset', 'theirs', 'ours', 'difference', 'p', 'same start', 'verdict'], ...rows, ...together]);
}

function resultsOf(lines: readonly Line[]): Results {
  const results: Record<string, Record<string, Results>> = {};
  for (const { who, dataset, ours, theirs, difference, p, same } of lines)
    (results[who] ??= {})[dataset.name] = {
      ours: round(ours, 5),
      theirs: round(theirs, 5),
      difference: round(difference, 5),
      p: round(p, 4),
      ...(same === undefined ? {} : { above: same.above, others: same.others }),
    };
  return results;
}
