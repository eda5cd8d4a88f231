import { join } from 'node:path';
import { loneGang, type Collective } from '@trainer/actor';
import type { DenseAlgebra } from '../kernels/dense-algebra.js';
import type { Engine, Learner, LearnerInit } from '../learning/learner.js';
import { openOpenblas } from './openblas-library.js';

/** Learners of ours over OpenBLAS, whose ranks need no more than the gang. @throws EngineUnavailableError */
export async function openblasEngine(
  nativeDir: string,
  create: (algebra: DenseAlgebra, init: LearnerInit, team: Collective) => Learner,
): Promise<Engine> {
  const library = await openOpenblas(join(nativeDir, 'openblas'));
  let team: Collective = loneGang();
  return {
    versions: { openblas: library.version },
    createLearner: (init) => {
      library.setThreads(init.threads);
      return create(library, init, team);
    },
    join: async (joined) => {
      team = joined;
      return { leave: () => Promise.resolve() };
    },
  };
}
