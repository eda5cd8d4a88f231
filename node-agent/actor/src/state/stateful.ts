import { InvalidRequestError, type Millis } from '@trainer/model';

/** An instance whose state survives a restart. Either method may be async. */
export interface Stateful {
  checkpoint(): unknown;
  restore(state: unknown): unknown;
}

/**
 * @returns the instance as one with state; null: its class has neither method
 * @throws InvalidRequestError when it has one of the two, or lacks what `'call'` needs
 */
export function statefulOf(
  instance: object,
  rules: { readonly className: string; readonly checkpointEvery: Millis | 'call' | null; readonly concurrency: number },
): Stateful | null {
  const candidate = instance as Partial<Record<keyof Stateful, unknown>>;
  const [saves, restores] = [typeof candidate.checkpoint === 'function', typeof candidate.restore === 'function'];
  const { className, checkpointEvery, concurrency } = rules;
  if (saves !== restores) {
    const [has, lacks] = saves ? ['checkpoint', 'restore'] : ['restore', 'checkpoint'];
    refuse('class', `${className} has ${has}() and no ${lacks}(); define both, or neither`);
  }
  if (checkpointEvery === 'call' && !saves)
    refuse('checkpointEvery', `'call' needs a class with checkpoint() and restore(), which ${className} lacks`);
  if (checkpointEvery === 'call' && concurrency !== 1) refuse('checkpointEvery', `'call' needs concurrency 1, not ${concurrency}`);
  return saves ? (instance as Stateful) : null;
}

function refuse(name: string, message: string): never {
  throw new InvalidRequestError([{ path: [name], message, type: 'conflict' }]);
}
