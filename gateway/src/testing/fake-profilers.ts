import type { ActorHandle, Actors } from '@trainer/client/internal';
import { TrainerError, type DatasetProfile, type ProfileAnswer, type Profiler, type ProfileRequest } from '@trainer/model';
import type { ConnectActors } from '../actors/actor-session.js';

/** One actor that was asked for. */
export interface FakeProfiler {
  readonly request: ProfileRequest;
  readonly memory: unknown;
  readonly timeoutMs: unknown;
  /** The create, then the call, as the caller may give them up. */
  readonly signal: AbortSignal | undefined;
  isKilled: boolean;
}

/** Sessions and actors of a gateway in tests: what they answer is the test's. */
export class FakeProfilers {
  readonly asked: FakeProfiler[] = [];
  sessions = 0;
  closed = 0;
  /** What the create, then the call, rejects with or answers; a rejected create leaves no actor. */
  onCreate: (profiler: FakeProfiler) => Promise<void> = () => Promise.resolve();
  onProfile: (profiler: FakeProfiler) => Promise<ProfileAnswer> = () => Promise.resolve({ kind: 'profile', profile: aProfile() });
  onKill: () => Promise<void> = () => Promise.resolve();

  readonly connect: ConnectActors = () => {
    this.sessions += 1;
    const create = async (_spec: unknown, options: Readonly<Record<string, unknown>>): Promise<ActorHandle<Profiler>> => {
      const [request] = options['args'] as [ProfileRequest];
      const { memory, timeoutMs } = options;
      const profiler: FakeProfiler = { request, memory, timeoutMs, signal: options['signal'] as AbortSignal, isKilled: false };
      this.asked.push(profiler);
      await this.#unlessGone(profiler, this.onCreate(profiler));
      const handle = {
        with: () => handle,
        call: { profile: () => this.#unlessGone(profiler, this.onProfile(profiler)) },
        kill: () => {
          profiler.isKilled = true;
          return this.onKill();
        },
      };
      return handle as unknown as ActorHandle<Profiler>;
    };
    const close = (): Promise<void> => {
      this.closed += 1;
      return Promise.resolve();
    };
    return Promise.resolve({ actors: { create } as unknown as Actors, close });
  };

  /** As the client's calls and creates do. */
  #unlessGone<T>({ signal }: FakeProfiler, answer: Promise<T>): Promise<T> {
    const gone = new Promise<never>((_, reject) => {
      signal?.addEventListener('abort', () => reject(new TrainerError('call.cancelled', 'its signal fired', {})), { once: true });
    });
    return Promise.race([answer, gone]);
  }
}

/** Of a table of one column. */
export function aProfile(rows = 3): DatasetProfile {
  const plan = { kind: 'number', why: 'The number as it is, as float32.', encodedCount: 1, encoded: ['a'] } as const;
  const values = [{ value: '1', rows }];
  const column = { name: 'a', type: 'integer', spelling: null, missing: 0, distinct: 1, values, plan, warnings: [] } as const;
  return {
    format: 'csv',
    rows,
    columnCount: 1,
    target: null,
    columns: [column],
    plan: { number: 1 },
    encodedColumns: 1,
    problems: [],
    warnings: [],
  };
}
