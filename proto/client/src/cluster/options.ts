import {
  actorNameProblem,
  InvalidRequestError,
  LIMITS,
  TrainerError,
  toBytes,
  toGpuMilli,
  toMilli,
  travelBytes,
  type Issue,
  type Resources,
} from '@trainer/model';

/** How calls are made. */
export interface CallOptions {
  /** How long to wait for the answer, from the moment the call is made; then it rejects with `CallTimeoutError`. Default: no limit. */
  readonly timeoutMs?: number;
  /** When it fires, pending calls reject with `CallCancelledError`, and the actor is told to give them up. */
  readonly signal?: AbortSignal;
}

/** How an actor is created. */
export interface CreateOptions<Args extends readonly unknown[]> {
  /** The constructor's arguments. Default []. */
  readonly args?: Args;
  /** CPUs that it holds; may be a fraction. Default 0.1. */
  readonly cpu?: number;
  /** GPUs that it holds: a fraction of one, or whole ones. Default 0. */
  readonly gpu?: number;
  /** Memory that it holds and may use, in bytes or as `'512MiB'`. Default 256 MiB. */
  readonly memory?: number | string;
  /** Unique among the actors of its namespace that have not ended. Default: none, it is found by its id alone. */
  readonly name?: string;
  /** Where its name is unique. Default `'default'`. */
  readonly namespace?: string;
  /**
   * Gives the actor that has the name, if there is one and its class and `detached` are the same, else `NameTakenError`; waits for
   * one that is ending. Default false.
   */
  readonly getIfExists?: boolean;
  /** Lives on after this connection, until it is killed. Default false: it ends with it. */
  readonly detached?: boolean;
  /** How often it is started again when its process or its machine is gone; -1: always. Default 0. */
  readonly maxRestarts?: number;
  /**
   * How old the stored state of a class with `checkpoint` and `restore` may be, in milliseconds, looked at after calls. `'call'`:
   * stored before each answer goes out, so that no answered call is lost; with concurrency 1, states up to 64 KiB and no streams.
   * Default 1,000.
   */
  readonly checkpointEvery?: number | 'call';
  /** How often a call whose outcome is unknown, since the actor died, is made again; for methods that may run twice. Default 0. */
  readonly maxCallRetries?: number;
  /** Calls that run at once inside it, 1 to 10,000. Default 1. */
  readonly concurrency?: number;
  /** Environment variables of its process. The cluster allows some names only. Default none. */
  readonly env?: Readonly<Record<string, string>>;
  /** 0 to 99; higher goes first. Default 50. */
  readonly priority?: number;
  /** How long it may wait for room and start, at most a day; then it is killed. Default 5 minutes. */
  readonly timeoutMs?: number;
  /** When it fires before the actor runs, the create rejects with `CallCancelledError`, and the actor is killed. */
  readonly signal?: AbortSignal;
}

/** How an actor is found. */
export interface GetOptions {
  /** Default `'default'`. */
  readonly namespace?: string;
}

/** Create options with the defaults in force. */
export interface CheckedCreateOptions {
  readonly name: string | null;
  readonly namespace: string;
  readonly getIfExists: boolean;
  readonly detached: boolean;
  readonly maxRestarts: number;
  readonly checkpointEvery: number | 'call';
  readonly maxCallRetries: number;
  readonly resources: Resources;
  readonly concurrency: number;
  readonly env: Readonly<Record<string, string>>;
  readonly priority: number;
  readonly timeoutMs: number;
}

const DEFAULT_CPU = 0.1;
const DEFAULT_MEMORY_BYTES = 256 * 2 ** 20;
const DEFAULT_PRIORITY = 50;
/** Long enough for a queue of short work to pass, short enough that a forgotten create is noticed. */
const DEFAULT_START_MS = 300_000;
const DAY_MS = LIMITS.waitMs.max;
/** The longest that Node's timers can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1;
const DEFAULT_NAMESPACE = 'default';
/** Young enough that little is lost, old enough that an actor with a thousand calls a second does not store a thousand states. */
const DEFAULT_CHECKPOINT_MS = 1_000;
const NOT_UTF8 = 'has half of a surrogate pair, which is not UTF-8';
const CREATE_OPTIONS = [
  ...['args', 'name', 'namespace', 'getIfExists', 'detached', 'maxRestarts', 'checkpointEvery', 'maxCallRetries'],
  ...['cpu', 'gpu', 'memory', 'concurrency', 'env', 'priority', 'timeoutMs', 'signal'],
];
const GET_OPTIONS = ['namespace'];
const CALL_OPTIONS = ['timeoutMs', 'signal'];

/** @throws InvalidRequestError whose issues name each option that is wrong. */
export function checkCreateOptions(options: CreateOptions<readonly unknown[]>): CheckedCreateOptions {
  const check = new Check(options, CREATE_OPTIONS);
  if (options.args !== undefined && !Array.isArray(options.args)) check.say('args', 'give the constructor arguments as an array', 'type');
  check.signal(options.signal);
  const checked = {
    ...checkIdentity(check, options),
    maxRestarts: check.whole('maxRestarts', options.maxRestarts ?? 0, LIMITS.maxRestarts.min, LIMITS.maxRestarts.max),
    checkpointEvery: checkCheckpointEvery(check, options),
    maxCallRetries: check.whole('maxCallRetries', options.maxCallRetries ?? 0, 0, LIMITS.maxCallRetries.max),
    resources: {
      cpuMilli: check.quantity('cpu', () => toMilli(options.cpu ?? DEFAULT_CPU, 'cpu')),
      gpuMilli: check.quantity('gpu', () => toGpuMilli(options.gpu ?? 0)),
      memoryBytes: check.quantity('memory', () => toBytes(options.memory ?? DEFAULT_MEMORY_BYTES)),
    },
    concurrency: check.whole('concurrency', options.concurrency ?? 1, 1, LIMITS.concurrency.max),
    env: checkEnv(check, options.env ?? {}),
    priority: check.whole('priority', options.priority ?? DEFAULT_PRIORITY, 0, LIMITS.priority.max),
    timeoutMs: check.whole('timeoutMs', options.timeoutMs ?? DEFAULT_START_MS, 1, DAY_MS),
  };
  check.finish();
  return checked;
}

function checkIdentity(
  check: Check,
  options: CreateOptions<readonly unknown[]>,
): Pick<CheckedCreateOptions, 'name' | 'namespace' | 'getIfExists' | 'detached'> {
  const getIfExists = check.flag('getIfExists', options.getIfExists);
  if (getIfExists && options.name === undefined) check.say('getIfExists', 'give the name by which the actor is found', 'conflict');
  return {
    name: options.name === undefined ? null : check.named('name', options.name),
    namespace: check.named('namespace', options.namespace ?? DEFAULT_NAMESPACE),
    getIfExists,
    detached: check.flag('detached', options.detached),
  };
}

function checkCheckpointEvery(check: Check, { checkpointEvery, concurrency }: CreateOptions<readonly unknown[]>): number | 'call' {
  if (checkpointEvery !== 'call') return check.whole('checkpointEvery', checkpointEvery ?? DEFAULT_CHECKPOINT_MS, 1, DAY_MS);
  if ((concurrency ?? 1) !== 1) {
    check.say('checkpointEvery', "'call' needs concurrency 1: a state is stored after each call, before the next one begins", 'conflict');
  }
  return checkpointEvery;
}

/** @returns the namespace. @throws InvalidRequestError whose issues name each option that is wrong. */
export function checkGet(name: string, options: GetOptions): string {
  const check = new Check(options, GET_OPTIONS);
  check.named('name', name);
  const namespace = check.named('namespace', options.namespace ?? DEFAULT_NAMESPACE);
  check.finish();
  return namespace;
}

function checkEnv(check: Check, env: unknown): Readonly<Record<string, string>> {
  if (typeof env !== 'object' || env === null) {
    check.say('env', 'give an object of texts', 'type');
    return {};
  }
  const { count, nameChars, valueChars, bytes } = LIMITS.env;
  const entries = Object.entries(env);
  if (entries.length > count) check.say('env', `has ${entries.length} variables; the limit is ${count}`, 'range');
  for (const [name, value] of entries.slice(0, count)) {
    if (typeof value !== 'string') check.say('env', `${name.slice(0, nameChars)} is not text`, 'type');
    else if (!name.isWellFormed() || !value.isWellFormed()) check.say('env', `${JSON.stringify(name)} ${NOT_UTF8}`, 'type');
    else if (name.length > nameChars || value.length > valueChars) {
      const at = name.slice(0, nameChars);
      check.say('env', `${at}: a name has up to ${nameChars} characters, a value up to ${valueChars}`, 'range');
    }
  }
  if (travelBytes(env, bytes) > bytes)
    check.say('env', `is larger in all than its limit of ${bytes / 1024} KiB; give what is large as an argument`, 'range');
  return env as Readonly<Record<string, string>>;
}

/** @throws InvalidRequestError whose issues name each option that is wrong. */
export function checkCallOptions(options: CallOptions): CallOptions {
  const check = new Check(options, CALL_OPTIONS);
  if (options.timeoutMs !== undefined) check.whole('timeoutMs', options.timeoutMs, 1, MAX_TIMER_MS);
  check.signal(options.signal);
  check.finish();
  return options;
}

/** Collects all that is wrong before it is said. */
class Check {
  readonly #issues: Issue[] = [];

  constructor(options: object, known: readonly string[]) {
    for (const name of Object.keys(options)) {
      if (!known.includes(name)) this.say(name, `unknown; the options are ${known.join(', ')}`, 'unknown');
    }
  }

  say(name: string, message: string, type: string): void {
    this.#issues.push({ path: [name], message, type });
  }

  whole(name: string, value: number, min: number, max: number): number {
    if (!Number.isInteger(value) || value < min || value > max) {
      this.say(name, `give a whole number from ${min} to ${max}, not ${String(value)}`, 'range');
    }
    return value;
  }

  flag(name: string, value: unknown): boolean {
    if (value !== undefined && typeof value !== 'boolean') this.say(name, 'give true or false', 'type');
    return value === true;
  }

  signal(value: unknown): void {
    if (value !== undefined && !(value instanceof AbortSignal)) this.say('signal', 'give an AbortSignal', 'type');
  }

  named(option: string, value: unknown): string {
    if (typeof value !== 'string') this.say(option, 'give a text', 'type');
    else if (!value.isWellFormed()) this.say(option, NOT_UTF8, 'type');
    else {
      const problem = actorNameProblem(value);
      if (problem === null) return value;
      this.say(option, problem, 'range');
    }
    return '';
  }

  quantity(name: string, read: () => number): number {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof TrainerError)) throw error;
      this.say(name, error.message, 'range');
      return 0;
    }
  }

  finish(): void {
    if (this.#issues.length > 0) throw new InvalidRequestError(this.#issues);
  }
}
