import type { TaskType } from '@trainer/model';
import type { Preprocessing } from '../preprocessing/preprocessing.js';
import { PICKLE_LOADER, PICKLE_PROGRAM, PICKLE_PROGRAM_VERSION } from './pickle-program.js';
import { PickleWriter, type PickleValue } from './pickle-writer.js';
import { inputLayout } from './signature.js';

/**
 * @returns the pickle of a model, in pieces: the loader, the program, the ONNX file and a description, and nothing else. Equal
 * arguments give equal bytes.
 */
export function pickleModel(task: TaskType, preprocessing: Preprocessing, onnx: Uint8Array): readonly Uint8Array[] {
  return new PickleWriter()
    .global('builtins', 'eval')
    .value(PICKLE_LOADER)
    .call(1)
    .value(PICKLE_PROGRAM)
    .call(1)
    .bytes(onnx)
    .value(descriptionOf(task, preprocessing))
    .call(2)
    .finish();
}

function descriptionOf(task: TaskType, preprocessing: Preprocessing): PickleValue {
  const layout = inputLayout(preprocessing);
  const { inputs, target } = preprocessing;
  return {
    version: PICKLE_PROGRAM_VERSION,
    task,
    target: target.name,
    classes: target.kind === 'classes' ? target.classes : null,
    matrix_input: layout.kind === 'matrix' ? layout.name : null,
    columns: inputs.map(({ name, type }, at) => ({ name, type, input: layout.kind === 'matrix' ? null : (layout.names[at] ?? '') })),
  };
}
