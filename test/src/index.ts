export { testPython } from './python.js';
export type { TestPython } from './python.js';
