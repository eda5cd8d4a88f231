import { accessOf, ACTOR_STATES_BUCKET, actorStatesPrefix, type LeaseHolder, type SignedRequest } from '@trainer/model';

/** The buckets of datasets and of models. */
export interface Buckets {
  readonly data: string;
  readonly models: string;
}

/**
 * Whether a lease's process may have a request to the object store signed: a rank reads datasets, and reads and writes what attempts
 * of its job have stored; an actor of an installed package reads datasets; the runtime of any actor keeps that actor's states.
 */
export function maySign(holder: LeaseHolder, isInstalled: boolean, request: SignedRequest, buckets: Buckets): boolean {
  const { bucket, key } = request;
  const access = accessOf(request);
  if (access === null) return false;
  if (bucket === buckets.data && access === 'read' && isInstalled) return true;
  if (holder.kind === 'rank') return bucket === buckets.models && key.startsWith(`attempts/${holder.job}/`);
  return bucket === ACTOR_STATES_BUCKET && key.startsWith(actorStatesPrefix(holder.actor));
}
