import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type koffi from 'koffi';
import { EngineError, EngineUnavailableError } from './errors.js';

/** An address in the library's memory. */
export type Pointer = bigint;
/** What a call writes a pointer or a number to. */
export type Out<T> = [T];

/** The functions of XGBoost's C interface (xgboost/c_api.h, 3.2) that are used; each throws EngineError with the library's text. */
export interface XgboostBindings {
  readonly path: string;
  readonly version: string;
  readonly koffi: typeof koffi;
  XGBSetGlobalConfig(config: string): void;
  XGDMatrixCreateFromDense(data: string, config: string, out: Out<Pointer>): void;
  XGDMatrixSetInfoFromInterface(matrix: Pointer, field: string, data: string): void;
  XGDMatrixFree(matrix: Pointer): void;
  XGBoosterCreate(matrices: readonly Pointer[], count: number, out: Out<Pointer>): void;
  XGBoosterSetParam(booster: Pointer, name: string, value: string): void;
  XGBoosterUpdateOneIter(booster: Pointer, iteration: number, matrix: Pointer): void;
  XGBoosterBoostedRounds(booster: Pointer, out: Out<number>): void;
  XGBoosterPredictFromDMatrix(
    booster: Pointer,
    matrix: Pointer,
    config: string,
    shape: Out<Pointer>,
    dimensions: Out<number>,
    result: Out<Pointer>,
  ): void;
  XGBoosterSerializeToBuffer(booster: Pointer, length: Out<number>, out: Out<Pointer>): void;
  XGBoosterUnserializeFromBuffer(booster: Pointer, bytes: Uint8Array, length: number): void;
  XGBoosterSaveModelToBuffer(booster: Pointer, config: string, length: Out<number>, out: Out<Pointer>): void;
  XGBoosterLoadModelFromBuffer(booster: Pointer, bytes: Uint8Array, length: number): void;
  XGBoosterSetStrFeatureInfo(booster: Pointer, field: string, values: readonly string[], count: number): void;
  XGBoosterSetAttr(booster: Pointer, name: string, value: string): void;
  XGBoosterSlice(booster: Pointer, begin: number, end: number, step: number, out: Out<Pointer>): void;
  XGBoosterFree(booster: Pointer): void;
  XGTrackerCreate(config: string, out: Out<Pointer>): void;
  XGTrackerRun(tracker: Pointer, config: string): void;
  XGTrackerWorkerArgs(tracker: Pointer, out: Out<string>): void;
  XGTrackerFree(tracker: Pointer): void;
  XGCommunicatorInit(config: string): void;
  XGCommunicatorFinalize(): void;
}

const SIGNATURES = {
  XGBSetGlobalConfig: 'const char *config',
  XGDMatrixCreateFromDense: 'const char *data, const char *config, _Out_ void **out',
  XGDMatrixSetInfoFromInterface: 'void *matrix, const char *field, const char *data',
  XGDMatrixFree: 'void *matrix',
  XGBoosterCreate: 'void **matrices, uint64_t count, _Out_ void **out',
  XGBoosterSetParam: 'void *booster, const char *name, const char *value',
  XGBoosterUpdateOneIter: 'void *booster, int iteration, void *matrix',
  XGBoosterBoostedRounds: 'void *booster, _Out_ int *out',
  XGBoosterPredictFromDMatrix:
    'void *booster, void *matrix, const char *config, _Out_ void **shape, _Out_ uint64_t *dimensions, _Out_ void **result',
  XGBoosterSerializeToBuffer: 'void *booster, _Out_ uint64_t *length, _Out_ void **out',
  XGBoosterUnserializeFromBuffer: 'void *booster, const uint8_t *bytes, uint64_t length',
  XGBoosterSaveModelToBuffer: 'void *booster, const char *config, _Out_ uint64_t *length, _Out_ void **out',
  XGBoosterLoadModelFromBuffer: 'void *booster, const uint8_t *bytes, uint64_t length',
  XGBoosterSetStrFeatureInfo: 'void *booster, const char *field, const char **values, uint64_t count',
  XGBoosterSetAttr: 'void *booster, const char *name, const char *value',
  XGBoosterSlice: 'void *booster, int begin, int end, int step, _Out_ void **out',
  XGBoosterFree: 'void *booster',
  XGTrackerCreate: 'const char *config, _Out_ void **out',
  XGTrackerRun: 'void *tracker, const char *config',
  XGTrackerWorkerArgs: 'void *tracker, _Out_ const char **args',
  XGTrackerFree: 'void *tracker',
  XGCommunicatorInit: 'const char *config',
  XGCommunicatorFinalize: 'void',
} as const;
type Name = keyof typeof SIGNATURES;

/**
 * Opens the library below `folder`, laid out as pip unpacks its wheel (`xgboost/lib/`, with the OpenMP library beside it).
 * Thread counts and wait policy of OpenMP must be in the process's environment before the first call.
 * @throws EngineUnavailableError when it is not there or does not load on this machine.
 */
export async function bindXgboost(folder: string): Promise<XgboostBindings> {
  const names = ['libxgboost.so', 'libxgboost.dylib'];
  const path = names.map((name) => join(folder, 'xgboost', 'lib', name)).find((candidate) => existsSync(candidate));
  if (path === undefined) throw new EngineUnavailableError('XGBoost', join(folder, 'xgboost', 'lib'), 'no such file');
  try {
    const { default: koffiModule } = await import('koffi');
    return bind(koffiModule, path);
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    throw new EngineUnavailableError('XGBoost', path, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function bind(koffiModule: typeof koffi, path: string): XgboostBindings {
  const library = koffiModule.load(path);
  const lastError: () => string = library.func('const char *XGBGetLastError()');
  const entries = (Object.keys(SIGNATURES) as Name[]).map((name) => {
    const call = library.func(`int ${name}(${SIGNATURES[name]})`);
    const checked = (...values: unknown[]): void => {
      if (call(...values) !== 0) throw new EngineError('XGBoost', name, lastError());
    };
    return [name, checked] as const;
  });
  const version: [number, number, number] = [0, 0, 0];
  readVersion(library.func('void XGBoostVersion(_Out_ int *major, _Out_ int *minor, _Out_ int *patch)'), version);
  // The table of signatures is the interface above, name by name; the library itself can't be asked for its types.
  const calls = Object.fromEntries(entries) as unknown as Pick<XgboostBindings, Name>;
  return { ...calls, path, version: version.join('.'), koffi: koffiModule };
}

function readVersion(call: (...outs: [number][]) => void, version: [number, number, number]): void {
  const outs: [number][] = [[0], [0], [0]];
  call(...outs);
  outs.forEach(([part], at) => (version[at] = part));
}
