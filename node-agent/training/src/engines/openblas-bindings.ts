import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EngineUnavailableError } from './errors.js';

/** CBLAS and LAPACKE, with the prefix that this build gives to all its names. Typed arrays are passed without a copy. */
const SIGNATURES = {
  scipy_openblas_set_num_threads: 'void %s(int threads)',
  scipy_openblas_get_config: 'const char *%s()',
  scipy_cblas_sgemm:
    'void %s(int layout, int transA, int transB, int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc)',
  scipy_cblas_dgemm:
    'void %s(int layout, int transA, int transB, int m, int n, int k, double alpha, const double *a, int lda, const double *b, int ldb, double beta, double *c, int ldc)',
  scipy_cblas_dsyrk:
    'void %s(int layout, int uplo, int trans, int n, int k, double alpha, const double *a, int lda, double beta, double *c, int ldc)',
  scipy_LAPACKE_dpotrf: 'int %s(int layout, char uplo, int n, double *a, int lda)',
  scipy_LAPACKE_dpocon: 'int %s(int layout, char uplo, int n, const double *a, int lda, double norm, double *rcond)',
  scipy_LAPACKE_dpotrs: 'int %s(int layout, char uplo, int n, int rightSides, const double *a, int lda, double *b, int ldb)',
  scipy_LAPACKE_dsyevd: 'int %s(int layout, char jobz, char uplo, int n, double *a, int lda, double *w)',
} as const;

export type OpenblasName = keyof typeof SIGNATURES;
/** A function of the library: what it takes stands in `SIGNATURES`, and `openblas-library.ts` alone calls it. */
export type OpenblasCall = (...values: readonly unknown[]) => unknown;

/** The functions of OpenBLAS that are used. */
export interface OpenblasBindings {
  readonly path: string;
  /** Such as `0.3.34`. */
  readonly version: string;
  readonly calls: Readonly<Record<OpenblasName, OpenblasCall>>;
}

/**
 * Opens the library below `folder`, laid out as pip unpacks its wheel (`scipy_openblas32/lib/`).
 * @throws EngineUnavailableError when it is not there or does not load on this machine.
 */
export async function bindOpenblas(folder: string): Promise<OpenblasBindings> {
  const place = join(folder, 'scipy_openblas32', 'lib');
  const names = ['libscipy_openblas.so', 'libscipy_openblas.dylib'];
  const path = names.map((name) => join(place, name)).find((candidate) => existsSync(candidate));
  if (path === undefined) throw new EngineUnavailableError('OpenBLAS', place, 'no such file');
  try {
    const { default: koffi } = await import('koffi');
    const library = koffi.load(path);
    const names = Object.keys(SIGNATURES) as OpenblasName[];
    const entries = names.map((name) => [name, library.func(SIGNATURES[name].replace('%s', name)) as OpenblasCall] as const);
    // One entry for each name of the table.
    const calls = Object.fromEntries(entries) as Record<OpenblasName, OpenblasCall>;
    const config = String(calls.scipy_openblas_get_config());
    return { path, version: /OpenBLAS (\S+)/.exec(config)?.[1] ?? config, calls };
  } catch (cause) {
    throw new EngineUnavailableError('OpenBLAS', path, cause instanceof Error ? cause.message : String(cause), cause);
  }
}
