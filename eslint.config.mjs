import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Files that reach no clock, randomness, timer, environment or other I/O: what they need is an argument. */
const PURE = [
  'proto/model/src/**/*.ts',
  'proto/wire/src/**/*.codec.ts',
  'head/src/{scheduling,actors,jobs,leases,nodes}/**/*.ts',
  'node-agent/agent/src/ledger/**/*.ts',
];
const TESTS = ['**/*.test.ts', '**/*.contract.ts', '**/*.bench.ts', '**/testing/**/*.ts', 'test/**/*.ts'];
/** The only places that read the environment: the command, and a user's program that connects. */
const READS_ENVIRONMENT = ['deploy/src/main.ts', 'proto/client/src/cluster/connect.ts'];
/** Where messages as generated may appear: the codecs and the services. Beyond them everything speaks the model's types. */
const SPEAKS_WIRE = ['proto/wire/src/**/*.ts', '**/*.codec.ts', '**/rpc/**/*.ts'];
/** Where the lists of models and of their learners are read, which the build makes of the folders. */
const READS_MODEL_LISTS = ['proto/model/src/catalog/catalog.ts', 'node-agent/training/src/learning/learners.ts'];

const NO_ENVIRONMENT = {
  object: 'process',
  property: 'env',
  message: 'Only deploy/src/main.ts reads the environment; take what you need as an argument.',
};
const NO_GENERATED = {
  paths: [{ name: '@trainer/wire', importNames: ['pb'], message: 'Generated types stay in codecs and rpc folders.' }],
  patterns: [{ group: ['**/gen/**'], message: 'Generated types stay in codecs and rpc folders.' }],
};
const NO_SYNTAX = [
  { selector: 'ExportDefaultDeclaration', message: 'Export by name.' },
  { selector: 'ExportAllDeclaration[exported=null]', message: 'A door names what it exports.' },
];
const read = (...path) => readFileSync(join(import.meta.dirname, ...path), 'utf8');
const filesOf = (...path) => readdirSync(join(import.meta.dirname, ...path)).filter((name) => name.endsWith('.ts'));
const found = (text, pattern) => [...text.matchAll(pattern)].map(([, name]) => name);

/** What the catalog's files call their models, and the folder of engines its libraries: whatever is added there is guarded too. */
function modelNames() {
  const folder = ['proto', 'model', 'src', 'catalog', 'models'];
  const files = filesOf(...folder);
  const text = files.map((name) => read(...folder, name)).join('\n');
  const ids = found(text, /\bmodelId: '([^']+)'/g);
  const bindings = filesOf('node-agent', 'training', 'src', 'engines').join('\n');
  return {
    ids,
    families: files.map((name) => basename(name, '.ts')),
    libraries: [...found(text, /\bengine: '([^']+)'/g), ...found(bindings, /^(.+)-bindings\.ts$/gm)],
    // `mlp_` or `_regressor`, as one would ask an id for.
    parts: ids.flatMap((id) => [...id].flatMap((sign, at) => (sign === '_' ? [id.slice(0, at + 1), id.slice(at)] : []))),
    tasks: found(/type TaskType =([^;]+);/.exec(read('proto', 'model', 'src', 'train-request.ts'))?.[1] ?? '', /'([^']+)'/g),
  };
}

/** A model is its two files, a library its engine's, a task its own: what else needs to know asks the description (docs/adr/0016). */
function noModelNames() {
  const { ids, families, libraries, parts, tasks } = modelNames();
  const message = "Only a model's own files name it, its library or its task; ask its description.";
  const any = (names) => [...new Set(names)].join('|');
  const whole = `^(${any([...tasks, ...families, ...parts])})$`;
  const within = `${any(libraries)}|(^|[^a-z0-9_])(${any(ids)})($|[^a-z0-9_])`;
  return [
    { selector: `Literal[value=/${whole}|${within}/i]`, message },
    { selector: `TemplateElement[value.raw=/${within}/i]`, message },
    { selector: `Property > Identifier.key[name=/^(${any([...ids, ...libraries])})$/i]`, message },
  ];
}

const NAMES_MODELS = [
  'proto/model/src/catalog/models/*.ts',
  'proto/model/src/train-request.ts',
  'node-agent/training/src/{models,engines,tasks}/*.ts',
  'node-agent/training/src/internal.ts',
  // Variables by which a process is given its threads.
  'node-agent/agent/src/processes/environment.ts',
  // Examples for people.
  'deploy/src/commands/sample.ts',
  'gateway/src/**/*.{docs,schema,answers}.ts',
];
const IMPURE_GLOBALS = [
  'Date',
  'performance',
  'process',
  'fetch',
  'crypto',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'console',
].map((name) => ({ name, message: 'This file is pure: take the value as an argument.' }));

/** File names are in kebab-case (with the kind before the ending, as `x.test.ts`) and say what the file is for. */
const fileName = {
  meta: {
    type: 'suggestion',
    schema: [],
    messages: { kebab: 'Name it in kebab-case.', empty: 'The name says nothing: name what it is for.' },
  },
  create: (context) => ({
    Program: (node) => {
      const name = basename(context.filename);
      if (!/^\.?[a-z0-9]+(-[a-z0-9]+)*(\.[a-z-]+)*\.(ts|mjs|cjs)$/.test(name)) context.report({ node, messageId: 'kebab' });
      if (/^(utils?|helpers?|common|misc)\.[a-z]+$/.test(name)) context.report({ node, messageId: 'empty' });
    },
  }),
};

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/gen/**',
      '**/node_modules/**',
      'deploy/native/**',
      '**/coverage/**',
      '.trainer/**',
      '.cache/**',
      'docs/**',
      'test/fixtures/**',
    ],
  },
  eslint.configs.recommended,
  {
    plugins: { house: { rules: { 'file-name': fileName } } },
    rules: {
      'house/file-name': 'error',
      'max-lines': ['error', 400],
      'max-lines-per-function': ['error', 60],
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx'] }],
      eqeqeq: 'error',
      // Limits of names are written as ranges of characters.
      'no-control-regex': 'off',
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }],
      // It knows types that a cast narrows only for the reader, and its own mend breaks some of them.
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      // A method that answers a port's promise may know its answer at once.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      'no-restricted-imports': ['error', NO_GENERATED],
      'no-restricted-properties': ['error', NO_ENVIRONMENT],
      'no-restricted-syntax': ['error', ...NO_SYNTAX, ...noModelNames()],
    },
  },
  {
    files: PURE,
    ignores: TESTS,
    rules: {
      'no-restricted-globals': ['error', ...IMPURE_GLOBALS],
      'no-restricted-properties': [
        'error',
        NO_ENVIRONMENT,
        { object: 'Math', property: 'random', message: 'This file is pure: take the value as an argument.' },
      ],
      'no-restricted-imports': [
        'error',
        { paths: NO_GENERATED.paths, patterns: [...NO_GENERATED.patterns, { group: ['node:*'], message: 'This file is pure: no I/O.' }] },
      ],
    },
  },
  { files: [...SPEAKS_WIRE, ...READS_MODEL_LISTS], rules: { 'no-restricted-imports': 'off' } },
  { files: [...NAMES_MODELS, ...TESTS, '**/*.fixture.ts'], rules: { 'no-restricted-syntax': ['error', ...NO_SYNTAX] } },
  { files: [...READS_ENVIRONMENT, ...TESTS], rules: { 'no-restricted-properties': 'off' } },
  {
    // Tests are no part of the packages' projects, which are what the typed rules read; tsconfig.tests.json checks their types.
    files: TESTS,
    extends: [tseslint.configs.disableTypeChecked],
    rules: { 'max-lines-per-function': 'off' },
  },
  {
    files: ['**/*.mjs', '**/*.cjs'],
    languageOptions: {
      globals: Object.fromEntries(
        ['process', 'performance', 'URL', 'console', 'setTimeout', 'setInterval', 'module', 'fetch'].map((name) => [name, 'readonly']),
      ),
    },
  },
);
