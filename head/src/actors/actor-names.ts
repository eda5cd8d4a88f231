import { actorNameProblem, LIMITS, nearestNames, TrainerError } from '@trainer/model';
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
const MAX_NAME = LIMITS.nameChars;
/** Names that a wrong one is compared with: some milliseconds of work for the longest. */
const MOST_COMPARED = 50;
/** Who mistypes a name leaves out or adds few letters. */
const MOST_ADDED = 3;

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
  const message = actorNameProblem(text);
  return message === null ? [] : [{ path: [field], message, type: 'invalid' }];
}

/** Who has the name as a turn sees it: an actor that has not ended, or whose end is not stored yet. */
export function holderOf(turn: Turn, { namespace, name }: ActorName): Actor | undefined {
  const id = turn.state.names.get(namespace, name);
  return id === undefined ? undefined : turn.actor(id);
}

/** Who has the name as everybody may see it. @throws NoSuchNameError */
export function namedActor({ actors, names }: ClusterState, name: ActorName): Actor {
  const id = names.get(name.namespace, name.name);
  const actor = id === undefined ? undefined : actors.seen(id);
  if (actor === undefined) throw new NoSuchNameError(name, namesToCompare(name.name, names.in(name.namespace)));
  return actor;
}

/** Some of the names, those that may be meant: to compare each of 10,000 with a wrong one would stop the head for a tenth of a second. */
export function namesToCompare(wrong: string, names: Iterable<string>): readonly string[] {
  const [alike, others]: [string[], string[]] = [[], []];
  for (const name of names) {
    if (alike.length === MOST_COMPARED) break;
    const isAlike =
      Math.abs(name.length - wrong.length) <= MOST_ADDED && name.slice(0, 1).toLowerCase() === wrong.slice(0, 1).toLowerCase();
    if (isAlike) alike.push(name);
    else if (others.length < MOST_COMPARED) others.push(name);
  }
  return [...alike, ...others].slice(0, MOST_COMPARED);
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
