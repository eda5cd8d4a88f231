import { TrainerError, type Grant, type GpuDevice } from '@trainer/model';

/** The variable would change how the process itself is run, or is the agent's to set. */
export class EnvironmentRefusedError extends TrainerError<'env.refused', { name: string }> {
  constructor(name: string) {
    super('env.refused', `The variable ${name.slice(0, 100)} can't be set for an actor; leave it out.`, { name: name.slice(0, 100) });
  }
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const REFUSED =
  /^(NODE_|LD_|DYLD_|NPM_|TRAINER_|OMP_|OPENBLAS_|CUDA_|GLIBC_|MALLOC_|PYTHON|SSL_)|^(PATH|HOME|SHELL|IFS|ENV|BASH_ENV|TMPDIR)$/i;

/** @returns the threads an actor may use: the CPUs of its lease, at least one */
export function threadsOf(grant: Grant): number {
  return Math.max(1, Math.floor(grant.cpuMilli / 1000));
}

/**
 * The variables that an actor's process sets before it loads anything: thread counts, its devices, what its creator asked for.
 * @throws EnvironmentRefusedError
 */
export function actorEnvironment(
  grant: Grant,
  gpus: readonly GpuDevice[],
  asked: Readonly<Record<string, string>>,
): Record<string, string> {
  for (const name of Object.keys(asked)) if (!NAME.test(name) || REFUSED.test(name)) throw new EnvironmentRefusedError(name);
  const threads = String(threadsOf(grant));
  const devices = grant.gpus.map(({ index }) => gpus.find((gpu) => gpu.index === index)?.uuid ?? String(index));
  return {
    ...asked,
    OMP_NUM_THREADS: threads,
    OPENBLAS_NUM_THREADS: threads,
    // Spinning threads of one actor would take the time of the others.
    OMP_WAIT_POLICY: 'passive',
    CUDA_VISIBLE_DEVICES: devices.join(','),
  };
}
