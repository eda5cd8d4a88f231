import type { Capacity, Grant, NodeId, Resources } from '@trainer/model';
import type { Obstacle, Want } from './demand.js';
import { SHOWN_NODES } from './explanation.js';
import type { Explanation, FilterName, Need, NodeShortfall, Unblock } from './explanation.js';
import { engineProblem, turnedAwayBy } from './filters.js';
import type { Wanted } from './filters.js';
import { fitEmpty, largestBundle } from './fit.js';
import { connectedRooms, DEVICE, isOpen, missingFor, wholeOf } from './room.js';
import type { Room, Rooms } from './room.js';

/** Most bundles counted on one node: more than a gang has. */
const COUNTED_BUNDLES = 64;

/** Why what asks for this waits, on the rooms that the plan left. */
export function explain(want: Want, rooms: Rooms, obstacle: Obstacle): Explanation {
  const wanted: Wanted = { bundle: largestBundle(want), engine: want.needsEngine };
  const sharedHosts = hostsOfSeveral(rooms);
  const nodes = [...rooms.values()].map((room) => shortfall(room, wanted, sharedHosts)).sort(nearest(wanted.bundle));
  const isNobodyThere = ![...rooms.values()].some((room) => room.node.state !== 'lost');
  const isFeasible = isNobodyThere || fitEmpty(want, rooms) !== null;
  return {
    verdict: isFeasible ? 'waits' : 'infeasible',
    bundle: wanted.bundle,
    bundles: want.bundles.length,
    engine: wanted.engine,
    turnedAway: count(nodes),
    nodeCount: nodes.length,
    nodes: nodes.slice(0, SHOWN_NODES),
    best: nodes[0]?.node ?? null,
    unblock: isFeasible ? unblock(want, rooms, obstacle, nodes) : joins(want, wanted.bundle),
  };
}

function unblock(want: Want, rooms: Rooms, obstacle: Obstacle, nodes: readonly NodeShortfall[]): Unblock {
  if (obstacle.kind === 'parallel-limit') return { kind: 'job-ends', running: obstacle.running, limit: obstacle.limit };
  if (obstacle.kind === 'kept') return { kind: 'placed-before', demand: obstacle.forDemand };
  return toFree(want, rooms, nodes) ?? { kind: isPauseAll(rooms) ? 'asked-again' : 'node-connects' };
}

function isPauseAll(rooms: Rooms): boolean {
  return [...connectedRooms(rooms).values()].some(({ node }) => !isOpen(node));
}

/** What must be set free on the connected nodes where the gang would lie; those that lack least come first. */
function toFree(want: Want, rooms: Rooms, nodes: readonly NodeShortfall[]): Unblock | null {
  const places = fitEmpty(want, connectedRooms(rooms)) ?? [];
  const needs: Need[] = [];
  for (const { node, name } of nodes) {
    const need = total(places.filter((place) => place.node === node).map((place) => want.bundles[place.bundle]));
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

function joins(want: Want, bundle: Resources): Unblock {
  return { kind: 'node-joins', bundle, bundles: want.bundles.length, engine: want.needsEngine };
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
    free: amountsOf(room.free),
    whole: wholeAmounts(node.capacity),
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

function amountsOf({ cpuMilli, memoryBytes, gpus }: Grant): Resources {
  return { cpuMilli, memoryBytes, gpuMilli: gpus.reduce((sum, { milli }) => sum + milli, 0) };
}

function wholeAmounts({ cpuMilli, memoryBytes, gpus }: Capacity): Resources {
  return { cpuMilli, memoryBytes, gpuMilli: gpus.length * DEVICE };
}

/** So many such bundles fit at once; what a bundle does not ask for sets no limit. */
function holds(of: Grant, bundle: Resources): number {
  const times = (free: number, wanted: number): number => (wanted === 0 ? COUNTED_BUNDLES : Math.max(0, Math.floor(free / wanted)));
  const gpu = bundle.gpuMilli;
  const devices =
    gpu < DEVICE
      ? of.gpus.reduce((sum, { milli }) => sum + times(milli, gpu), gpu === 0 ? COUNTED_BUNDLES : 0)
      : times(of.gpus.filter(({ milli }) => milli >= DEVICE).length * DEVICE, gpu);
  return Math.min(COUNTED_BUNDLES, times(of.cpuMilli, bundle.cpuMilli), times(of.memoryBytes, bundle.memoryBytes), devices);
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
