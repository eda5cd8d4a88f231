export { DatasetProfiler } from './dataset-profiler.js';
