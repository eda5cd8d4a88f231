import { runActorProcess } from './run-process.js';

/** The entry of an actor's process where there is no bundle of it. */
runActorProcess((url) => import(url));
