import { toErrorData, type Clock } from '@trainer/model';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes one line an event. Messages are constant texts; what varies goes into the fields. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** @returns a logger whose lines carry these fields too. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  readonly clock: Clock;
  /** Takes a whole line, with its newline. */
  readonly write: (line: string) => void;
  readonly level: LogLevel | 'silent';
  /** json: for machines; text: for people. */
  readonly format: 'json' | 'text';
  readonly fields?: LogFields;
  /** Texts that must never be written, such as the cluster's secret. */
  readonly secrets?: readonly string[];
}

const RANK: Readonly<Record<LogLevel | 'silent', number>> = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 };
/** Fields of these names are never written. */
const SECRET_NAME = /secret|token|password|passwd|authorization|credential|cookie/i;
const HIDDEN = '[hidden]';
/** Longer texts are cut: a log line is no place for a document. */
const MAX_TEXT_CHARS = 8192;
const MAX_DEPTH = 6;

export function createLogger(options: LoggerOptions): Logger {
  const threshold = RANK[options.level];
  const secrets = (options.secrets ?? []).filter((secret) => secret !== '');
  const render = options.format === 'json' ? jsonLine : textLine;
  const make = (bound: LogFields): Logger => {
    const log =
      (level: LogLevel) =>
      (message: string, fields?: LogFields): void => {
        if (RANK[level] < threshold) return;
        const shown = plain({ ...bound, ...fields }, '', 0) as Record<string, unknown>;
        let line = render({ wallMs: options.clock.wallMs(), level, message, fields: shown });
        for (const secret of secrets) line = line.replaceAll(secret, HIDDEN);
        options.write(`${line}\n`);
      };
    return {
      debug: log('debug'),
      info: log('info'),
      warn: log('warn'),
      error: log('error'),
      child: (fields) => make({ ...bound, ...fields }),
    };
  };
  return make(options.fields ?? {});
}

/** A logger that writes nothing. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};

interface Line {
  readonly wallMs: number;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Record<string, unknown>;
}

function jsonLine({ wallMs, level, message, fields }: Line): string {
  return JSON.stringify({ time: new Date(wallMs).toISOString(), level, message, ...fields });
}

function textLine({ wallMs, level, message, fields }: Line): string {
  const time = new Date(wallMs).toISOString().replace('T', ' ');
  const rest = Object.entries(fields).map(
    ([name, value]) => ` ${name}=${typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)}`,
  );
  return `${time} ${level.padEnd(5)} ${message.replaceAll('\n', '\\n')}${rest.join('')}`;
}

/** Data that JSON can hold: errors as their data, bytes as their length, secrets hidden. */
function plain(value: unknown, name: string, depth: number): unknown {
  if (value !== null && value !== undefined && SECRET_NAME.test(name)) return HIDDEN;
  switch (typeof value) {
    case 'string':
      return value.length > MAX_TEXT_CHARS ? `${value.slice(0, MAX_TEXT_CHARS)}...` : value;
    case 'bigint':
    case 'symbol':
      return String(value);
    case 'function':
      return undefined;
    case 'object':
      return value === null ? null : plainObject(value, depth);
    default:
      return value;
  }
}

function plainObject(value: object, depth: number): unknown {
  if (depth >= MAX_DEPTH) return '...';
  if (value instanceof Error) {
    const { code, message, facts } = toErrorData(value);
    const stack = code === 'internal' ? value.stack : undefined;
    return {
      code,
      message: plain(message, '', 0),
      facts: plain(facts, '', depth + 1),
      stack: plain(stack, '', 0),
      cause: plain(value.cause, '', depth + 1),
    };
  }
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (Array.isArray(value)) return value.slice(0, 100).map((item) => plain(item, '', depth + 1));
  if (value instanceof Map) return plainObject(Object.fromEntries(value as Map<string, unknown>), depth);
  if (value instanceof Set) return plainObject([...value], depth);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item, name, depth + 1)]));
}
