import { InterruptedTraining, WAYS, type Interrupted, type Interruption } from '@trainer/test';
import { round } from '../measuring/statistics.js';
import { prove } from '../measuring/timing.js';
import type { Bench, Results } from './bench.js';

const PHASES = ['reserving', 'starting', 'loading', 'training', 'exporting', 'promoting'];
const VICTIMS = ['rank', 'agent', 'head', 'everything'] as const;
/** Before the first checkpoint, between two, and near the end. */
const EPOCHS = [2, 14, 40];

/** Each kill in each phase of a training, and the bytes of its model beside those of an undisturbed one. */
export const resume: Bench = {
  name: 'resume',
  about: 'SIGKILL of rank, agent, head and everything in each phase of a training: the model is the same to the byte',
  ray: null,
  run: async ({ say }) => {
    await using training = await InterruptedTraining.start();
    const results: Record<string, Results> = {};
    const lines: string[] = [];
    for (const way of WAYS) {
      const undisturbed = await training.undisturbed(way);
      prove(undisturbed.status === 'completed', `the undisturbed training ${way} completes: ${undisturbed.error}`);
      lines.push(`${way}, undisturbed: ${undisturbed.files.join(', ')}`);
      for (const interruption of interruptions(way)) {
        const found = await training.interrupt(interruption);
        const line = compared(interruption, found, undisturbed, training.epochs);
        say(line);
        lines.push(line);
        results[`${way}, ${nameOf(interruption)}`] = {
          goes_on_ms: round(found.goesOnMs, 0),
          completed_ms: round(found.completedMs, 0),
          attempts: found.attempts,
        };
      }
    }
    process.stdout.write(`\n${lines.join('\n')}\n\n`);
    return results;
  },
};

function interruptions(way: Interruption['way']): readonly Interruption[] {
  return VICTIMS.flatMap((victim) =>
    PHASES.flatMap((phase): readonly Interruption[] =>
      phase === 'training' ? EPOCHS.map((pastEpoch) => ({ way, victim, phase, pastEpoch })) : [{ way, victim, phase }],
    ),
  );
}

function nameOf({ victim, phase, pastEpoch }: Interruption): string {
  return `${victim} killed in ${phase}${pastEpoch === undefined ? '' : ` past epoch ${pastEpoch}`}`;
}

/** @throws NotDoneError when the model is another, or REST shows an epoch twice or not at all */
function compared(interruption: Interruption, found: Interrupted, undisturbed: Interrupted, epochs: number): string {
  const what = `${interruption.way}, ${nameOf(interruption)}`;
  prove(found.status === 'completed', `${what}: the job completes, and is not ${found.status}: ${found.error}`);
  prove(found.files.join() === undisturbed.files.join(), `${what}: the files are the undisturbed ones, and not ${found.files.join()}`);
  prove(
    found.epochs.length === epochs && found.epochs.every((epoch, at) => epoch === at + 1),
    `${what}: each epoch is shown once, and not ${found.epochs.join()}`,
  );
  return `${what} (hit in ${found.hitIn} at epoch ${found.hitAtEpoch}): ${found.attempts} attempts, went on after ${round(found.goesOnMs, 0)} ms; onnx, native and pkl are the same bytes; ${epochs} epochs, each once`;
}
