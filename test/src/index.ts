export { runningProcesses, treeOf } from './harness/processes.js';
export type { ProcessRow } from './harness/processes.js';
export { testPython } from './python.js';
export type { TestPython } from './python.js';
