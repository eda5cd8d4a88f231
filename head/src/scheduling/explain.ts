import type { Grant, NodeId, Resources } from '@trainer/model';
import type { Demand } from './demand.js';
import { SHOWN_NODES } from './explanation.js';
import type { Explanation, FilterName, Need, NodeShortfall, Unblock } from './explanation.js';
import { engineProblem, turnedAwayBy } from './filters.js';
import type { Wanted } from './filters.js';
import { fitEmpty, largestBundle } from './fit.js';
import { connectedRooms, grantFrom, isOpen, less, missingFor, wholeOf } from './room.js';
import type { Room, Rooms } from './room.js';

/** Why the plan did not place it, as the plan knows it. */
export type Obstacle =
  | { readonly kind: 'parallel-limit'; readonly running: number; readonly limit: number }
  /** Resources are kept for these, in the order of the queue. */
  | { readonly kind: 'kept'; readonly forDemand: string }
  | { readonly kind: 'no-room' };

/** Most bundles counted on one node: more than a gang has. */
const COUNTED_BUNDLES = 64;

/** Why a demand was not placed, on rooms as they were when its turn came. `ahead` is counted by the plan. */
export function explain(demand: Demand, rooms: Rooms, obstacle: Obstacle): Explanation {
  const wanted: Wanted = { bundle: largestBundle(demand), engine: demand.needsEngine };
  const sharedHosts = hostsOfSeveral(rooms);
  const nodes = [...rooms.values()].map((room) => shortfall(room, wanted, sharedHosts)).sort(nearest(wanted.bundle));
  const isNobodyThere = ![...rooms.values()].some((room) => room.node.state !== 'lost');
  const isFeasible = isNobodyThere || fitEmpty(demand, rooms) !== null;
  return {
    demand: demand.id,
    verdict: isFeasible ? 'waits' : 'infeasible',
    bundle: wanted.bundle,
    bundles: demand.bundles.length,
    engine: wanted.engine,
    ahead: 0,
    turnedAway: count(nodes),
    nodeCount: nodes.length,
    nodes: nodes.slice(0, SHOWN_NODES),
    best: nodes[0]?.node ?? null,
    unblock: isFeasible ? unblock(demand, rooms, obstacle, nodes) : joins(demand, wanted.bundle),
  };
}

function unblock(demand: Demand, rooms: Rooms, obstacle: Obstacle, nodes: readonly NodeShortfall[]): Unblock {
  if (obstacle.kind === 'parallel-limit') return { kind: 'job-ends', running: obstacle.running, limit: obstacle.limit };
  if (obstacle.kind === 'kept') return { kind: 'placed-before', demand: obstacle.forDemand };
  return toFree(demand, rooms, nodes) ?? { kind: isPauseAll(rooms) ? 'asked-again' : 'node-connects' };
}

function isPauseAll(rooms: Rooms): boolean {
  return [...connectedRooms(rooms).values()].some(({ node }) => !isOpen(node));
}

/** What must be set free on the connected nodes where the gang would lie; those that lack least come first. */
function toFree(demand: Demand, rooms: Rooms, nodes: readonly NodeShortfall[]): Unblock | null {
  const places = fitEmpty(demand, connectedRooms(rooms))?.bundles ?? [];
  const needs: Need[] = [];
  for (const { node, name } of nodes) {
    const need = total(places.filter((place) => place.node === node).map((place) => demand.bundles[place.bundle]));
    const room = rooms.get(node);
    if (!need || !room) continue;
    const missing = missingFor(room.free, need);
    if (missing.cpuMilli + missing.memoryBytes + missing.gpuMilli > 0) needs.push({ node, name, missing });
  }
  return needs.length === 0 ? null : { kind: 'free', needs };
}

function total(bundles: readonly (Resources | undefined)[]): Resources | null {
  if (bundles.length === 0) return null;
  const sum = { cpuMilli: 0, memoryBytes: 0, gpuMilli: 0 };
  for (const bundle of bundles) {
    sum.cpuMilli += bundle?.cpuMilli ?? 0;
    sum.memoryBytes += bundle?.memoryBytes ?? 0;
    sum.gpuMilli += bundle?.gpuMilli ?? 0;
  }
  return sum;
}

function joins(demand: Demand, bundle: Resources): Unblock {
  return { kind: 'node-joins', bundle, bundles: demand.bundles.length, engine: demand.needsEngine };
}

function shortfall(room: Room, wanted: Wanted, sharedHosts: ReadonlySet<string>): NodeShortfall {
  const { node } = room;
  const filter = turnedAwayBy(room, wanted);
  const base = filter === 'capacity' ? wholeOf(node.capacity) : room.free;
  return {
    node: node.id,
    name: sharedHosts.has(node.host) ? `${node.host} (${node.id})` : node.host,
    turnedAwayBy: filter,
    missing: missingFor(base, wanted.bundle),
    note: noteOn(room, wanted, filter),
    holdsNow: filter === null ? holds(room.free, wanted.bundle) : 0,
    holdsEmpty: holds(wholeOf(node.capacity), wanted.bundle),
  };
}

function hostsOfSeveral(rooms: Rooms): ReadonlySet<string> {
  const seen = new Set<string>();
  const shared = new Set<string>();
  for (const { node } of rooms.values()) {
    if (seen.has(node.host)) shared.add(node.host);
    seen.add(node.host);
  }
  return shared;
}

function noteOn({ node }: Room, { engine }: Wanted, filter: FilterName | null): string | null {
  if (filter === 'engine' && engine) return engineProblem(node, engine);
  if (filter !== 'connection') return null;
  if (node.state === 'connected') return 'its agent has just refused work, and is asked again in a moment';
  if (node.state === 'draining') return 'its agent is being stopped';
  if (node.state === 'no-messages') return 'its agent has no connection to NATS';
  return node.state === 'silent' ? 'its agent is silent' : 'it is lost';
}

function holds(of: Grant, bundle: Resources): number {
  let free = of;
  for (let held = 0; held < COUNTED_BUNDLES; held += 1) {
    const grant = grantFrom(free, bundle);
    if (!grant) return held;
    free = less(free, grant);
  }
  return COUNTED_BUNDLES;
}

const NEARNESS: Readonly<Record<FilterName, number>> = { available: 1, connection: 2, capacity: 3, engine: 4 };

/** Those that need least come first: by filter, then by the missing share of the bundle, then by id. */
function nearest(bundle: Resources): (a: NodeShortfall, b: NodeShortfall) => number {
  const lack = ({ missing }: NodeShortfall): number =>
    missing.cpuMilli / Math.max(1, bundle.cpuMilli) +
    missing.memoryBytes / Math.max(1, bundle.memoryBytes) +
    missing.gpuMilli / Math.max(1, bundle.gpuMilli);
  const rank = (node: NodeShortfall): number => (node.turnedAwayBy ? NEARNESS[node.turnedAwayBy] : 0);
  return (a, b) => rank(a) - rank(b) || lack(a) - lack(b) || compareIds(a.node, b.node);
}

function compareIds(a: NodeId, b: NodeId): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function count(nodes: readonly NodeShortfall[]): Record<FilterName, number> {
  const turnedAway: Record<FilterName, number> = { connection: 0, engine: 0, capacity: 0, available: 0 };
  for (const { turnedAwayBy: filter } of nodes) {
    if (filter) turnedAway[filter] += 1;
  }
  return turnedAway;
}
