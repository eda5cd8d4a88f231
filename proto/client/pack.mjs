// Packs the client for programs outside the workspace: one module, one declaration file, no workspace packages.
// Usage: node proto/client/pack.mjs [FOLDER], after a build; prints the tarball's path. FOLDER is proto/client/dist/pack by default.
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { rollUpTypes } from './pack-types.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const target = resolve(process.argv[2] ?? join(here, 'dist', 'pack'));
const staging = join(here, 'dist', 'package');
const manifest = JSON.parse(await readFile(join(here, 'package.json'), 'utf8'));

/** These stay dependencies: grpc-js is shared with the program's own use of it, esbuild brings its own binary. */
const KEPT = ['@grpc/grpc-js', 'esbuild'];

/** Of the workspace's packages only what is used comes along; none of their modules acts on import. */
const workspaceIsPure = {
  name: 'workspace-is-pure',
  setup(builder) {
    builder.onResolve({ filter: /^(@trainer\/|\.{1,2}\/)/ }, async (args) => {
      if (args.pluginData === 'seen') return undefined;
      const found = await builder.resolve(args.path, {
        kind: args.kind,
        resolveDir: args.resolveDir,
        importer: args.importer,
        pluginData: 'seen',
      });
      return found.path.includes('node_modules') ? found : { ...found, sideEffects: false };
    });
  },
};

/** Packages that the client never uses, though a door it imports from does. */
const UNUSED = ['nats', 'zod'];

await rm(staging, { recursive: true, force: true });
await mkdir(staging, { recursive: true });
await mkdir(target, { recursive: true });
const { metafile } = await build({
  entryPoints: [join(here, 'dist', 'index.js')],
  outfile: join(staging, 'index.js'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  keepNames: true,
  metafile: true,
  logLevel: 'warning',
  external: [...KEPT, ...UNUSED],
  plugins: [workspaceIsPure],
  // `protobuf` has CommonJS builds of some of its parts.
  mainFields: ['module', 'main'],
});
const imported = new Set(
  Object.values(metafile.outputs).flatMap((output) => output.imports.filter((one) => one.external).map((one) => one.path)),
);
const strays = [...imported].filter((name) => !name.startsWith('node:') && !KEPT.includes(name));
if (strays.length > 0) throw new Error(`The packed client would import ${strays.join(', ')}, which it does not declare.`);

await writeFile(join(staging, 'index.d.ts'), rollUpTypes(join(here, 'dist', 'index.d.ts')));
await copyFile(join(here, '..', '..', 'docs', 'actors.md'), join(staging, 'README.md'));
await copyFile(join(here, '..', '..', 'LICENSE'), join(staging, 'LICENSE'));
await writeFile(
  join(staging, 'package.json'),
  JSON.stringify(
    {
      name: manifest.name,
      version: manifest.version,
      description: manifest.description,
      license: manifest.license,
      type: 'module',
      engines: { node: '>=20.19' },
      exports: { '.': { types: './index.d.ts', default: './index.js' } },
      dependencies: Object.fromEntries(KEPT.map((name) => [name, manifest.dependencies[name]])),
    },
    null,
    2,
  ),
);
const [packed] = JSON.parse(execFileSync('npm', ['pack', '--json', '--pack-destination', target], { cwd: staging, encoding: 'utf8' }));
console.log(join(target, packed.filename));
