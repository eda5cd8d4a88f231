import { availableParallelism } from 'node:os';

// Tests open onnxruntime without the process that silences its telemetry (training-rank.ts).
process.env.ORT_DISABLE_TELEMETRY = '1';

/** Unit tests beside the code and the cross-package tests of `test/`; sources run through swc, other packages through their built doors. */
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  roots: ['<rootDir>/proto', '<rootDir>/head', '<rootDir>/node-agent', '<rootDir>/gateway', '<rootDir>/deploy', '<rootDir>/test'],
  testMatch: ['**/src/**/*.test.ts'],
  modulePathIgnorePatterns: ['/dist/', '/deploy/native/'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  // Two dependencies of Fastify are ES modules that CommonJS requires; jest can't, so they become CommonJS.
  transformIgnorePatterns: ['/node_modules/\\.pnpm/(?!(cookie|content-disposition)@)'],
  transform: {
    '/(cookie|content-disposition)@[^/]+/.+\\.m?js$': ['@swc/jest', { jsc: { target: 'es2022' }, module: { type: 'commonjs' } }],
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
  // Tests of the whole mostly wait for processes of their own, so two side by side pay even on two cores.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  // Each suite leaves its modules behind in the worker; a heap that has grown costs more in collecting than a new worker.
  workerIdleMemoryLimit: '1GB',
  // It ends what hangs, and nothing else: a busy machine takes many times as long as a quiet one.
  testTimeout: 180_000,
};
