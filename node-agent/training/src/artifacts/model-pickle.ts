import type { TaskType } from '@trainer/model';
import { DATE_SPELLINGS } from '../data/dates.js';
import { targetNameOf, targetTypeOf, type InputColumn, type Preprocessing } from '../preprocessing/preprocessing.js';
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
    target: targetNameOf(target),
    target_type: targetTypeOf(target),
    classes: target.kind === 'classes' ? target.classes : null,
    matrix_input: layout.kind === 'matrix' ? layout.name : null,
    columns: inputs.map((column, at) => ({
      name: column.name,
      holds: column.holds,
      type: column.type,
      input: layout.kind === 'matrix' ? null : (layout.names[at] ?? ''),
      ...spellingOf(column),
    })),
  };
}

/** How the dates of a column are read where they are texts. */
function spellingOf({ spelling }: InputColumn): { [name: string]: string } {
  return spelling === null ? {} : { spelling, ...DATE_SPELLINGS[spelling] };
}
