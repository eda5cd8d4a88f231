import { nearestNames, TrainerError } from '@trainer/model';
import type { Actor, ActorSpec, Issue } from '@trainer/model';
import type { ClusterState } from '../loop/cluster-state.js';
import type { Turn } from '../loop/turn.js';

/** A name and where it is unique. */
export interface ActorName {
  readonly namespace: string;
  readonly name: string;
}

export const DEFAULT_NAMESPACE = 'default';
/** Names are typed by people and stand in tables. */
const MAX_NAME = 128;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/;

/** What of the actor of that name is not as asked for. */
type Difference = 'taken' | 'other-class' | 'is-detached' | 'is-not-detached';

const DIFFERENCES: Readonly<Record<Difference, string>> = {
  taken: 'names are unique until the end of their actor is stored; get it, or create with getIfExists',
  'other-class': 'it is of another class, or of other code',
  'is-detached': 'it is detached, and a session was to own this one',
  'is-not-detached': 'it belongs to a session, and this one was to be detached',
};

/** Another actor has the name. */
export class NameTakenError extends TrainerError<'actor.name-taken', { name: string; namespace: string; actor: string; why: Difference }> {
  constructor({ namespace, name }: ActorName, holder: Actor, why: Difference) {
    const { id } = holder.spec;
    const message = `The name '${name}' in namespace '${namespace}' is that of actor ${id}: ${DIFFERENCES[why]}.`;
    super('actor.name-taken', message, { name, namespace, actor: id, why });
  }
}

/** No actor that lives has the name. */
export class NoSuchNameError extends TrainerError<'actor.not-found', { actor: string; namespace: string; nearest: readonly string[] }> {
  constructor({ namespace, name }: ActorName, names: readonly string[]) {
    const nearest = nearestNames(name, names);
    const others = nearest.length === 0 ? 'no actor there has a name' : `the nearest: ${nearest.join(', ')}`;
    const message = `No living actor has the name '${name.slice(0, MAX_NAME)}' in namespace '${namespace.slice(0, MAX_NAME)}'; ${others}.`;
    super('actor.not-found', message, { actor: name.slice(0, MAX_NAME), namespace: namespace.slice(0, MAX_NAME), nearest });
  }
}

/** @returns what is wrong with a name or a namespace; nothing: it may be given */
export function nameIssues(field: 'name' | 'namespace', text: string): readonly Issue[] {
  if (text.length >= 1 && text.length <= MAX_NAME && NAME.test(text)) return [];
  const message = `'${text.slice(0, MAX_NAME)}' is no name: 1 to ${MAX_NAME} letters (a-z, A-Z), digits and . _ - : / @, the first one a letter or digit`;
  return [{ path: [field], message, type: 'invalid' }];
}

/** Who has the name as a turn sees it: an actor that has not ended, or whose end is not stored yet. */
export function holderOf(turn: Turn, name: ActorName): Actor | undefined {
  const { actors } = turn.state;
  for (const actor of actors.committed()) if (isCalled(actor, name)) return turn.actor(actor.spec.id) ?? actor;
  for (const actor of actors.decided()) if (isCalled(actor, name)) return actor;
  return undefined;
}

/** Who has the name as everybody may see it. @throws NoSuchNameError */
export function namedActor(state: ClusterState, name: ActorName): Actor {
  const names: string[] = [];
  for (const actor of state.actors.committed()) {
    if (isCalled(actor, name)) return actor;
    if (actor.spec.namespace === name.namespace && actor.spec.name !== null) names.push(actor.spec.name);
  }
  throw new NoSuchNameError(name, names);
}

/** @returns what keeps `holder` from being the actor that `wanted` asks for; null: it may be given instead */
export function differenceOf(wanted: ActorSpec, holder: ActorSpec): Difference | null {
  if (JSON.stringify(classOf(wanted)) !== JSON.stringify(classOf(holder))) return 'other-class';
  if ((wanted.session === null) === (holder.session === null)) return null;
  return holder.session === null ? 'is-detached' : 'is-not-detached';
}

function classOf({ classRef }: ActorSpec): readonly string[] {
  return [classRef.kind, classRef.kind === 'bundle' ? classRef.hash : classRef.specifier, classRef.exportName];
}

function isCalled({ spec }: Actor, { namespace, name }: ActorName): boolean {
  return spec.name === name && spec.namespace === namespace;
}
