export { startHead } from './start.js';
export type { Head, HeadOptions } from './start.js';
export { readConfig } from './config.js';
export type { HeadConfig, HeadSettings } from './config.js';
