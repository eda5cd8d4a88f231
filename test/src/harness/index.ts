export { newHome, startCluster } from './cluster.js';
export type { ClusterSettings, Part, TestCluster } from './cluster.js';
export { ROOT, runTrainer, startProgram, TRAINER } from './program.js';
export type { Ended, Program } from './program.js';
export { Probe, ProbeSpec } from './probe.js';
export { runningProcesses, signalTo, stillRunning, treeOf } from './processes.js';
export type { ProcessRow } from './processes.js';
