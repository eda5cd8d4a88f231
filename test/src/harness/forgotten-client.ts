import { connect } from '@trainer/client';
import { ProbeSpec } from './probe.js';

/** A program that creates an actor in the cluster of the folder given, says the process of that actor, and goes on for ever. */
const cluster = await connect({ home: process.argv[2] ?? '.trainer' });
const probe = await cluster.actors.create(ProbeSpec, { cpu: 0.01, memory: '64MiB' });
process.stdout.write(`${JSON.stringify({ id: probe.id, pid: await probe.call.pid() })}\n`);
