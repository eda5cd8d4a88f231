import {
  PROFILE_LIMITS,
  TRAIN_LIMITS,
  type ColumnProfile,
  type DatasetProfile,
  type PlanKind,
  type ProfileRequest,
  type TargetProfile,
} from '@trainer/model';
import { chooseColumns } from '../data/choose-columns.js';
import { InfinityError, NoFeaturesError } from '../data/errors.js';
import { gapsIn, type Column, type Dataset, type Table } from '../data/table.js';
import { firstBeyondFloat32 } from '../preprocessing/apply.js';
import { fitContext, planColumn, withDistinctNames, type ColumnPlan } from '../preprocessing/fit.js';
import type { FitContext } from '../preprocessing/step.js';
import { droppedWarning } from '../rank/prepare-data.js';
import { readingBytes } from '../rank/memory-check.js';
import { targetRowsOf, type TargetRows } from '../rank/target-rows.js';
import { guessTask } from '../tasks/guess-task.js';
import { Sentences, short } from './bounds.js';
import { columnValues } from './column-values.js';
import { ColumnTooLargeError } from './errors.js';

/** What reading may take. */
export interface ProfileRoom {
  /** For columns, of the lease. */
  readonly columnBytes: number;
  /** Of the file, unpacked. */
  readonly fileBytes: number;
}

/** As POST /train has them where they are not sent: the plan is that of such a training. */
const TRAINING_DEFAULTS = { seed: TRAIN_LIMITS.seed.default, validationSplit: null };
const MOST = PROFILE_LIMITS;
const COLUMN_WARNINGS = 5;
/** Whether a model takes gaps is in the catalog (`takes_gaps`). */
const GAPS = 'Missing values reach models that take them; for others the median fills them.';
/** Of the whole table. */
const MOST_SENTENCES = 50;
/**
 * What a column of distinct texts takes at its peak, per byte of the file that is its own: measured eight for a million of 30 characters,
 * and few tables have nothing else.
 */
const TEXT_FACTOR = 4;

/**
 * Looks at every column, some at a time, and plans it as a training would: by the same functions, in the same rows.
 * @param pause between parts of the work, so that the process hears its agent
 * @throws DatasetError, ColumnTooLargeError
 */
export async function profileDataset(
  dataset: Dataset,
  request: Pick<ProfileRequest, 'targetColumn' | 'taskType'>,
  room: ProfileRoom,
  pause: () => Promise<void>,
): Promise<DatasetProfile> {
  const profile = new Profile(dataset);
  const { targetColumn } = request;
  const atOnce = columnsAtOnce(dataset, room);
  const target = targetColumn === null ? null : await readTarget(dataset, request, targetColumn, profile);
  const context = target === null ? wholeTable(dataset.rows) : contextOf(target.rows);
  const features = target === null ? dataset.columnNames : target.features;
  for (let from = 0; from < features.length; from += atOnce) {
    const table = await dataset.read(features.slice(from, from + atOnce));
    profile.read(table);
    for (const column of table.columns) await profile.plan(column, planColumn(column, context), table);
    await pause();
  }
  return profile.done(target?.profile ?? null);
}

/** @throws ColumnTooLargeError where not even one fits */
function columnsAtOnce({ rows, columnNames }: Dataset, { columnBytes, fileBytes }: ProfileRoom): number {
  const each = readingBytes(rows, 1) + (TEXT_FACTOR * fileBytes) / columnNames.length;
  if (readingBytes(rows, 1) > columnBytes) throw new ColumnTooLargeError(rows, readingBytes(rows, 1));
  return Math.max(1, Math.floor(columnBytes / each));
}

/** A training without a target is on all rows. */
function wholeTable(rows: number): FitContext {
  const all = Int32Array.from({ length: rows }, (_, row) => row);
  return { ...contextOf(null, all), target: { kind: 'none' } };
}

function contextOf(target: TargetRows | null, trainRows = target?.trainRows ?? new Int32Array(0)): FitContext {
  const encoding = target?.target.encoding ?? { kind: 'number', name: '' };
  return fitContext({ target: encoding, targetOf: target?.targetOf ?? [], trainRows, seed: TRAINING_DEFAULTS.seed });
}

interface PlannedTarget {
  readonly rows: TargetRows;
  readonly features: readonly string[];
  readonly profile: TargetProfile;
}

async function readTarget(
  dataset: Dataset,
  { taskType }: Pick<ProfileRequest, 'taskType'>,
  name: string,
  profile: Profile,
): Promise<PlannedTarget> {
  const { features } = chooseColumns(dataset.columnNames, { targetColumn: name, excludeColumns: [], needsTarget: true });
  const table = await dataset.read([name]);
  const [column] = table.columns;
  if (column === undefined) throw new RangeError('The column that was asked for was not read.');
  const task = taskType ?? guessTask(column);
  const rows = await targetRowsOf(table, column, { ...TRAINING_DEFAULTS, taskType: task });
  const { target, split } = rows;
  profile.read(table);
  profile.warn([...droppedWarning(target.dropped, name, table.missingTexts.at(-1) ?? {}), ...target.warnings, ...split.warnings]);
  profile.target(column, task);
  return {
    rows,
    features,
    profile: {
      column: name,
      taskType: task,
      isGuessed: taskType === null,
      rowsWithout: target.dropped,
      trainingRows: split.train.length,
      validationRows: split.validation.length,
    },
  };
}

/** A column while its names are not told apart yet from those of the others. */
interface Planned {
  readonly profile: Omit<ColumnProfile, 'plan'>;
  readonly kind: PlanKind;
  readonly why: string;
  readonly encodedCount: number;
  /** The first of them. */
  readonly encoded: readonly string[];
}

/** Gathers what is said of a table, and keeps it small. */
class Profile {
  readonly #planned: Planned[] = [];
  readonly #places: ReadonlyMap<string, number>;
  readonly #counts: Partial<Record<PlanKind, number>> = {};
  readonly #problems = new Sentences(MOST_SENTENCES, MOST.sentenceChars);
  readonly #warnings = new Sentences(MOST_SENTENCES, MOST.sentenceChars);
  readonly #whyLeftOut = new Sentences(COLUMN_WARNINGS, MOST.sentenceChars);
  #encoded = 0;
  #chars = 0;

  constructor(private readonly dataset: Dataset) {
    this.#places = new Map(dataset.columnNames.map((name, at) => [name, at]));
    this.warn(dataset.warnings);
  }

  warn(warnings: readonly string[]): void {
    this.#warnings.add(warnings);
  }

  read({ warnings }: Table): void {
    this.warn(warnings);
  }

  target(column: Column, task: string): void {
    this.#count('target');
    this.#planned.push({ profile: profileOf(column, []), kind: 'target', why: `The target of a ${task}.`, encodedCount: 0, encoded: [] });
  }

  async plan(column: Column, { fitted, why, warnings }: ColumnPlan, table: Table): Promise<void> {
    const kind: PlanKind = fitted?.kind ?? 'left-out';
    this.#count(kind);
    this.#encoded += fitted?.encoded.length ?? 0;
    if (fitted === null) this.#whyLeftOut.add(warnings);
    else await this.#checkRange(column, fitted, table);
    if (this.#planned.length >= MOST.columns || this.#chars >= MOST.chars) return;
    const encoded = fitted?.encoded.slice(0, MOST.encoded) ?? [];
    const profile = profileOf(column, warnings);
    const hasGaps = profile.missing > 0 && (kind === 'number' || kind === 'date');
    const planned = { profile, kind, why: hasGaps ? `${why} ${GAPS}` : why, encodedCount: fitted?.encoded.length ?? 0, encoded };
    this.#chars +=
      JSON.stringify(planned.profile).length + encoded.reduce((sum, name) => sum + Math.min(name.length, MOST.encodedChars), 0);
    this.#planned.push(planned);
  }

  async #checkRange(column: Column, fitted: NonNullable<ColumnPlan['fitted']>, table: Table): Promise<void> {
    const beyond = firstBeyondFloat32({ steps: [fitted] }, [column]);
    if (beyond !== null && this.#problems.hasRoom)
      this.#problems.add([new InfinityError(beyond.column, await table.locate(beyond.row)).message]);
  }

  #count(kind: PlanKind): void {
    this.#counts[kind] = (this.#counts[kind] ?? 0) + 1;
  }

  done(target: TargetProfile | null): DatasetProfile {
    const { format, rows, columnNames } = this.dataset;
    const features = columnNames.length - (target === null ? 0 : 1);
    if (this.#counts['left-out'] === features)
      this.#problems.add([new NoFeaturesError(target?.column ?? '', this.#whyLeftOut.all.join(' ')).message]);
    // As a training names them: in the order of the table.
    const ordered = this.#planned.toSorted((a, b) => this.#placeOf(a) - this.#placeOf(b));
    return {
      format,
      rows,
      columnCount: columnNames.length,
      target,
      columns: withDistinctNames(ordered).map(({ profile, kind, why, encodedCount, encoded }) => ({
        ...profile,
        plan: { kind, why, encodedCount, encoded: encoded.map((name) => short(name, MOST.encodedChars)) },
      })),
      plan: this.#counts,
      encodedColumns: this.#encoded,
      problems: this.#problems.all,
      warnings: this.#warnings.all,
    };
  }

  #placeOf({ profile }: Planned): number {
    return this.#places.get(profile.name) ?? 0;
  }
}

function profileOf(column: Column, warnings: readonly string[]): Omit<ColumnProfile, 'plan'> {
  const told = new Sentences(COLUMN_WARNINGS, MOST.sentenceChars);
  told.add(warnings);
  return {
    name: column.name,
    type: column.kind === 'number' && column.isInteger ? 'integer' : column.kind,
    spelling: column.kind === 'date' ? column.spelling : null,
    missing: gapsIn(column),
    ...columnValues(column),
    warnings: told.all,
  };
}
