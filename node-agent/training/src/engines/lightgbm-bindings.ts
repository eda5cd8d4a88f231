import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type koffi from 'koffi';
import { EngineError, EngineUnavailableError } from './errors.js';

/** An address in the library's memory. */
export type Pointer = bigint;
/** What a call writes a pointer or a number to. */
export type Out<T> = [T];

/** The functions of LightGBM's C interface (LightGBM/c_api.h, 4.7) that are used; each throws EngineError with the library's text. */
export interface LightgbmBindings {
  readonly path: string;
  readonly version: string;
  readonly koffi: typeof koffi;
  /** What went wrong in a function that the library called; each call throws it after the library has returned, but those that free. */
  readonly failure: { error: Error | null };
  LGBM_DatasetCreateFromMat(
    data: Float32Array,
    type: number,
    rows: number,
    columns: number,
    isRowMajor: number,
    parameters: string,
    reference: Pointer | null,
    out: Out<Pointer>,
  ): void;
  LGBM_DatasetSetField(dataset: Pointer, field: string, data: Float32Array | Float64Array | null, length: number, type: number): void;
  LGBM_DatasetFree(dataset: Pointer): void;
  LGBM_BoosterCreate(train: Pointer, parameters: string, out: Out<Pointer>): void;
  LGBM_BoosterLoadModelFromString(model: string, iterations: Out<number>, out: Out<Pointer>): void;
  LGBM_BoosterMerge(booster: Pointer, other: Pointer): void;
  LGBM_BoosterAddValidData(booster: Pointer, validation: Pointer): void;
  LGBM_BoosterUpdateOneIter(booster: Pointer, isFinished: Out<number>): void;
  LGBM_BoosterGetCurrentIteration(booster: Pointer, out: Out<number>): void;
  LGBM_BoosterGetNumClasses(booster: Pointer, out: Out<number>): void;
  LGBM_BoosterGetPredict(booster: Pointer, dataset: number, length: Out<number>, out: Float64Array): void;
  LGBM_BoosterPredictForMat(
    booster: Pointer,
    data: Float32Array,
    type: number,
    rows: number,
    columns: number,
    isRowMajor: number,
    kind: number,
    from: number,
    iterations: number,
    parameters: string,
    length: Out<number>,
    out: Float64Array,
  ): void;
  LGBM_BoosterSaveModelToString(
    booster: Pointer,
    from: number,
    iterations: number,
    importance: number,
    room: number,
    length: Out<number>,
    out: Uint8Array,
  ): void;
  LGBM_BoosterFree(booster: Pointer): void;
  LGBM_NetworkInitWithFunctions(ranks: number, rank: number, reduceScatter: Pointer, allGather: Pointer): void;
  LGBM_NetworkFree(): void;
}

const SIGNATURES = {
  LGBM_DatasetCreateFromMat:
    'const void *data, int type, int32_t rows, int32_t columns, int is_row_major, const char *parameters, void *reference, _Out_ void **out',
  LGBM_DatasetSetField: 'void *dataset, const char *field, const void *data, int length, int type',
  LGBM_DatasetFree: 'void *dataset',
  LGBM_BoosterCreate: 'void *train, const char *parameters, _Out_ void **out',
  LGBM_BoosterLoadModelFromString: 'const char *model, _Out_ int *iterations, _Out_ void **out',
  LGBM_BoosterMerge: 'void *booster, void *other',
  LGBM_BoosterAddValidData: 'void *booster, void *validation',
  LGBM_BoosterUpdateOneIter: 'void *booster, _Out_ int *is_finished',
  LGBM_BoosterGetCurrentIteration: 'void *booster, _Out_ int *out',
  LGBM_BoosterGetNumClasses: 'void *booster, _Out_ int *out',
  LGBM_BoosterGetPredict: 'void *booster, int dataset, _Out_ int64_t *length, double *out',
  LGBM_BoosterPredictForMat:
    'void *booster, const void *data, int type, int32_t rows, int32_t columns, int is_row_major, int kind, int from, int iterations, ' +
    'const char *parameters, _Out_ int64_t *length, double *out',
  LGBM_BoosterSaveModelToString:
    'void *booster, int from, int iterations, int importance, int64_t room, _Out_ int64_t *length, uint8_t *out',
  LGBM_BoosterFree: 'void *booster',
  LGBM_NetworkInitWithFunctions: 'int ranks, int rank, void *reduce_scatter, void *all_gather',
  LGBM_NetworkFree: '',
} as const;
type Name = keyof typeof SIGNATURES;

/** The library has no function that tells its version. */
const WHEEL = /^lightgbm-(.+)\.dist-info$/;

/**
 * Opens the library below `folder`, laid out as pip unpacks its wheel (`lightgbm/lib/`); beside it the set-up puts an OpenMP library for
 * systems that have none. Thread counts and wait policy of OpenMP must be in the process's environment before the first call.
 * @throws EngineUnavailableError when it is not there or does not load on this machine.
 */
export async function bindLightgbm(folder: string): Promise<LightgbmBindings> {
  const names = ['lib_lightgbm.so', 'lib_lightgbm.dylib'];
  const path = names.map((name) => join(folder, 'lightgbm', 'lib', name)).find((candidate) => existsSync(candidate));
  if (path === undefined) throw new EngineUnavailableError('LightGBM', join(folder, 'lightgbm', 'lib'), 'no such file');
  try {
    const { default: koffiModule } = await import('koffi');
    return bind(koffiModule, path, await wheelVersion(folder));
  } catch (cause) {
    throw new EngineUnavailableError('LightGBM', path, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

async function wheelVersion(folder: string): Promise<string> {
  const { readdir } = await import('node:fs/promises');
  const versions = (await readdir(folder)).flatMap((name) => WHEEL.exec(name)?.[1] ?? []);
  return versions[0] ?? 'unknown';
}

function load(koffiModule: typeof koffi, path: string): ReturnType<typeof koffi.load> {
  try {
    return koffiModule.load(path);
  } catch (error) {
    const openMp = join(path, '..', '..', '..', 'libgomp.so.1');
    if (!existsSync(openMp)) throw error;
    koffiModule.load(openMp);
    return koffiModule.load(path);
  }
}

function bind(koffiModule: typeof koffi, path: string, version: string): LightgbmBindings {
  const library = load(koffiModule, path);
  const lastError: () => string = library.func('const char *LGBM_GetLastError()');
  const failure: LightgbmBindings['failure'] = { error: null };
  const entries = (Object.keys(SIGNATURES) as Name[]).map((name) => {
    const call = library.func(`int ${name}(${SIGNATURES[name]})`);
    const checked = (...values: unknown[]): void => {
      const status: unknown = call(...values);
      if (failure.error !== null && !name.endsWith('Free')) throw failure.error;
      if (status !== 0) throw new EngineError('LightGBM', name, lastError());
    };
    return [name, checked] as const;
  });
  // The table of signatures is the interface above, name by name; the library itself can't be asked for its types.
  const calls = Object.fromEntries(entries) as unknown as Pick<LightgbmBindings, Name>;
  return { ...calls, path, version, failure, koffi: koffiModule };
}
