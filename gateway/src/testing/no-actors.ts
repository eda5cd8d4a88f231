import type { ConnectActors } from '../actors/actor-session.js';

/** For gateways of which no route wants an actor. */
export const noActors: ConnectActors = () => Promise.reject(new Error('this gateway has no actors'));
