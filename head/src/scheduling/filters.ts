import type { Resources } from '@trainer/model';
import type { ViewNode } from './demand.js';
import type { FilterName } from './explanation.js';
import { grantFrom, isOpen, wholeOf } from './room.js';
import type { Room } from './room.js';

/** One bundle of a demand, as filters see it. */
export interface Wanted {
  readonly bundle: Resources;
  readonly engine: string | null;
}

/** In the order in which they look at a node; each is cheap, the first that objects is counted. */
const FILTERS: readonly { readonly name: FilterName; readonly passes: (room: Room, wanted: Wanted) => boolean }[] = [
  { name: 'connection', passes: ({ node }) => isOpen(node) },
  { name: 'engine', passes: ({ node }, { engine }) => engine === null || engineProblem(node, engine) === null },
  { name: 'capacity', passes: ({ node }, { bundle }) => grantFrom(wholeOf(node.capacity), bundle) !== null },
  { name: 'available', passes: ({ free }, { bundle }) => grantFrom(free, bundle) !== null },
];

/** @returns the filter that turns the node away, or null: the bundle fits there now (`takesNow`). */
export function turnedAwayBy(room: Room, wanted: Wanted): FilterName | null {
  return FILTERS.find((filter) => !filter.passes(room, wanted))?.name ?? null;
}

/** Is it turned away by none? What fits into what is left fits into the whole, so that filter need not be asked. */
export function takesNow(room: Room, { bundle, engine }: Wanted): boolean {
  return isOpen(room.node) && (engine === null || engineProblem(room.node, engine) === null) && grantFrom(room.free, bundle) !== null;
}

/** Could this node ever take the bundle: is it one of today's nodes, with the engine? */
export function mayEverTake(node: ViewNode, engine: string | null): boolean {
  return node.state !== 'lost' && (engine === null || engineProblem(node, engine) === null);
}

/** @returns why the engine can't be had on this node, or null: it can. */
export function engineProblem(node: ViewNode, engine: string): string | null {
  const state = node.engines.find((candidate) => candidate.engine === engine);
  return state ? state.unavailable : `${engine} is not installed there`;
}
