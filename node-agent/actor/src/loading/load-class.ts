import { toErrorData, TrainerError, type DeathCause, type ProcessStart } from '@trainer/model';
import { toRemoteFailure } from '../calls/remote-failure.js';

export type Constructor = new (...args: unknown[]) => object;

/** The module has no such class. */
export class ClassMissingError extends TrainerError<'actor.load-failed', { exportName: string; found: readonly string[] }> {
  constructor(exportName: string, found: readonly string[]) {
    const told = found.length === 0 ? 'it exports no class' : `it exports ${found.join(', ')}`;
    super('actor.load-failed', `The module exports no class ${exportName}; ${told}. Export the class under its own name.`, {
      exportName,
      found,
    });
  }
}

/** The module could not be evaluated: it threw, or imports what is not there. */
export class ModuleFailedError extends TrainerError<'actor.load-failed', { stack: string }> {
  constructor(cause: unknown) {
    const { message, stack } = toRemoteFailure(cause);
    super('actor.load-failed', message, { stack }, 'never', { cause });
  }
}

export type ImportModule = (url: string) => Promise<unknown>;

/** @throws ClassMissingError, ModuleFailedError */
export async function loadClass(start: Pick<ProcessStart, 'moduleUrl' | 'classRef'>, importModule: ImportModule): Promise<Constructor> {
  let module: Readonly<Record<string, unknown>>;
  try {
    module = (await importModule(start.moduleUrl)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw new ModuleFailedError(error);
  }
  const { exportName } = start.classRef;
  const found = module[exportName];
  if (typeof found !== 'function') {
    const classes = Object.keys(module).filter((name) => typeof module[name] === 'function');
    throw new ClassMissingError(exportName, classes.slice(0, 20));
  }
  return found as Constructor;
}

export function loadFailure(error: unknown): DeathCause {
  return { kind: 'load-failed', error: toErrorData(error) };
}
