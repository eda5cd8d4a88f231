import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { bundleHash, type BundleHash } from '@trainer/model';
import type { BuildFailure, Plugin } from 'esbuild';
import { BundleError } from '../errors.js';
import { STUB_SOURCE } from './stub.js';

/** The head refuses more; what is larger holds data that belongs into the object store. */
const MAX_BUNDLE_BYTES = 32 * 2 ** 20;

/** The code of an actor's class, ready to be loaded by Node as an ES module. */
export interface Bundle {
  readonly hash: BundleHash;
  readonly code: Uint8Array;
  /** The names that the module exports. */
  readonly exports: readonly string[];
}

/**
 * Packages written for CommonJS call `require` for Node's own modules, which an ES module lacks; a global leaves bundled code
 * free to declare its own.
 */
const BANNER =
  "import { createRequire as trainerCreateRequire } from 'node:module';\nglobalThis.require ??= trainerCreateRequire(import.meta.url);";

/** Inside an actor `@trainer/client` is only what the module needs to load: `actor` and the error classes. */
const stubPlugin: Plugin = {
  name: 'trainer-client-stub',
  setup(build) {
    build.onResolve({ filter: /^@trainer\/client$/ }, () => ({ path: '@trainer/client', namespace: 'trainer-client-stub' }));
    build.onLoad({ filter: /.*/, namespace: 'trainer-client-stub' }, () => ({ contents: STUB_SOURCE, loader: 'js' }));
  },
};

/**
 * Bundles a module, TypeScript or JavaScript, with everything it imports.
 * @throws BundleError when it does not compile, imports what cannot be bundled, or is larger than 32 MiB.
 */
export async function bundleModule(moduleUrl: string): Promise<Bundle> {
  const file = modulePath(moduleUrl);
  const output = await build(file);
  if (output.code.byteLength > MAX_BUNDLE_BYTES) {
    const size = (output.code.byteLength / 2 ** 20).toFixed(1);
    throw new BundleError(
      'bundle.too-large',
      file,
      `${file} and what it imports is ${size} MiB; the limit is 32 MiB. Pass large data as arguments or read it at run time.`,
    );
  }
  const hash = bundleHash(createHash('sha256').update(output.code).digest('hex'));
  return { hash, ...output };
}

function modulePath(moduleUrl: string): string {
  try {
    return fileURLToPath(moduleUrl);
  } catch {
    throw new BundleError(
      'bundle.invalid',
      moduleUrl,
      `'${moduleUrl}' is not the URL of a file; give import.meta.url of the module that exports the class.`,
    );
  }
}

async function build(file: string): Promise<{ code: Uint8Array; exports: readonly string[] }> {
  // Loaded at the first creation only: a program that never creates an actor does not pay for it.
  const esbuild = await import('esbuild');
  try {
    const result = await esbuild.build({
      entryPoints: [file],
      outfile: 'actor.mjs',
      bundle: true,
      write: false,
      metafile: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      keepNames: true,
      legalComments: 'none',
      logLevel: 'silent',
      banner: { js: BANNER },
      plugins: [stubPlugin],
    });
    const code = result.outputFiles.find((output) => output.path.endsWith('actor.mjs'))?.contents ?? new Uint8Array();
    return { code, exports: Object.values(result.metafile.outputs).flatMap((output) => output.exports) };
  } catch (thrown) {
    throw new BundleError('bundle.invalid', file, `${file} could not be bundled for the cluster:`, problems(thrown));
  }
}

function problems(thrown: unknown): readonly string[] {
  const errors = (thrown as Partial<BuildFailure>).errors;
  if (!errors) return [thrown instanceof Error ? thrown.message : String(thrown)];
  return errors.map(({ text, location }) => (location ? `${location.file}:${location.line}:${location.column}: ${text}` : text));
}
