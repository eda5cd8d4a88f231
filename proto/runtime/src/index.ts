export { detectSpawner, pdeathsigSpawner, watchdogSpawner } from './child-process.js';
export type { ChildSpec, Spawner } from './child-process.js';
export { watchParent } from './child-process-parent.js';
export type { ParentWatch } from './child-process-parent.js';
