import { startFaultCluster } from './fault-cluster.js';

/** A program that starts a cluster of processes, freezes one of its agents, says where it is, and goes on for ever. */
const cluster = await startFaultCluster({ agents: 2 });
cluster.part('agent-2').freeze();
process.stdout.write(`${JSON.stringify({ folder: cluster.folder })}\n`);
