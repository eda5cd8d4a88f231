import { toBytes, TrainerError } from '@trainer/model';
import { z } from 'zod';

/** Settings by name, as an environment holds them. */
export type Env = Readonly<Record<string, string | undefined>>;

/** Where settings can come from; `name` is told to people, such as `environment` or the path of a file. */
export interface ConfigLayer {
  readonly name: string;
  readonly values: Env;
}

export interface ConfigProblem {
  readonly name: string;
  readonly problem: string;
  /** The layer that held the value; null: it is in none. */
  readonly from: string | null;
}

/** Settings are missing or wrong: one line that names each. The process should end with `EXIT_CODE`. */
export class ConfigError extends TrainerError<'config.invalid', { problems: readonly ConfigProblem[] }> {
  static readonly EXIT_CODE = 2;
  constructor(problems: readonly ConfigProblem[]) {
    const told = problems.map(({ name, problem, from }) => `${name}${from === null ? '' : ` (from ${from})`}: ${problem}`);
    super('config.invalid', told.join('; '), { problems });
  }
}

export interface Config<Values> {
  readonly values: Values;
  /** Where each value came from: a layer's name, or `default`. */
  readonly origins: Readonly<Record<keyof Values & string, string>>;
}

/**
 * Reads the settings that a schema names; the first layer that has one wins, and an empty text counts as absent. Names that the
 * schema does not know are left alone: an environment is shared.
 * @throws ConfigError with every problem at once
 */
export function readEnv<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  sources: Env | readonly ConfigLayer[],
): Config<z.output<z.ZodObject<Shape>>> {
  const layers = Array.isArray(sources) ? (sources as readonly ConfigLayer[]) : [{ name: 'environment', values: sources as Env }];
  const raw: Record<string, string> = {};
  const origins: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    const layer = layers.find(({ values }) => (values[name] ?? '') !== '');
    origins[name] = layer?.name ?? 'default';
    const value = layer?.values[name];
    if (value !== undefined) raw[name] = value;
  }
  const result = schema.safeParse(raw);
  if (result.success) return { values: result.data, origins: origins as Config<z.output<z.ZodObject<Shape>>>['origins'] };
  throw new ConfigError(
    result.error.issues.map((issue) => {
      const name = String(issue.path[0] ?? 'settings');
      const isAbsent = raw[name] === undefined;
      return { name, problem: isAbsent ? 'is not set' : issue.message, from: isAbsent ? null : (origins[name] ?? null) };
    }),
  );
}

/** A decimal number within inclusive bounds. */
export function envNumber(bounds: { readonly min: number; readonly max: number; readonly isInteger?: boolean }) {
  const { min, max, isInteger = false } = bounds;
  return z.string().transform((text, context) => {
    const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : Number.NaN;
    if (value >= min && value <= max && (!isInteger || Number.isInteger(value))) return value;
    context.addIssue({ code: 'custom', message: `give ${isInteger ? 'an integer' : 'a number'} from ${min} to ${max}` });
    return z.NEVER;
  });
}

/** An integer within inclusive bounds. */
export function envInteger(bounds: { readonly min: number; readonly max: number }) {
  return envNumber({ ...bounds, isInteger: true });
}

/** Bytes, or a text such as `512MiB`. */
export function envBytes() {
  return z.string().transform((text, context) => {
    try {
      return toBytes(text.trim());
    } catch {
      context.addIssue({ code: 'custom', message: "give bytes or a text such as '512MiB'" });
      return z.NEVER;
    }
  });
}

/** Ports to listen on: the first free one of the range; 0 to 0: any. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}
