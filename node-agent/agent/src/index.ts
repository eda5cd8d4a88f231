export { readConfig } from './config.js';
export type { AgentConfig, AgentSettings } from './config.js';
export { start } from './start.js';
export type { AgentPorts, RunningAgent } from './start.js';
export { detectCapacity, systemMachine } from './resources/detect.js';
export type { CapacityOptions, Machine } from './resources/detect.js';
export { FolderInUseError, IdentityDamagedError } from './folder/errors.js';
