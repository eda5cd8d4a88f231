import { connect } from '@trainer/client';
import { EchoSpec } from './echo.js';

/** A program of somebody else: connects to the cluster of the folder that it is given, creates an actor, and ends with its answer. */
const cluster = await connect({ home: process.argv[2] ?? '.trainer' });
const echo = await cluster.actors.create(EchoSpec, { cpu: 0.01, memory: '64MiB' });
process.stdout.write(`${await echo.call.lengthOf('hello')}\n`);
await cluster.close();
