import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import ts from 'typescript';

const here = dirname(fileURLToPath(import.meta.url));

test('calls, streams, constructor arguments and options are checked by the compiler', () => {
  const config = join(here, '..', '..', '..', 'tsconfig.base.json');
  const { options, errors } = ts.convertCompilerOptionsFromJson(ts.readConfigFile(config, ts.sys.readFile).config.compilerOptions, here);
  expect(errors).toEqual([]);
  const file = join(here, 'testing', 'typed-handles.ts');
  const program = ts.createProgram([file], { ...options, composite: false, incremental: false, noEmit: true, declarationMap: false });
  const found = ts.getPreEmitDiagnostics(program).filter((diagnostic) => diagnostic.file?.fileName === file);
  expect(
    found.map(
      ({ start, file: source, messageText }) =>
        `${source?.getLineAndCharacterOfPosition(start ?? 0).line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    ),
  ).toEqual([]);
});
