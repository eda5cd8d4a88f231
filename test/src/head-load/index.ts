export { factStorm } from './fact-storm.js';
export { growth } from './growth.js';
export { manyRows } from './many-rows.js';
export { MeasuredHead } from './measured-head.js';
