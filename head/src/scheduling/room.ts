import type { Capacity, Grant, GpuShare, Milli, NodeId, Resources } from '@trainer/model';
import { takesWork } from '../nodes/step-node.js';
import type { ViewNode } from './demand.js';

/** One whole device. */
export const DEVICE: Milli = 1000;

/** A node while a plan is made: what is left of it, and how many bundles of the gang in hand it has. */
export interface Room {
  readonly node: ViewNode;
  readonly free: Grant;
  readonly taken: number;
}

/** What of a node is left, by node. Values of a room never change; the map belongs to one plan. */
export type Rooms = ReadonlyMap<NodeId, Room>;

export function roomsOf(nodes: readonly ViewNode[]): Rooms {
  return new Map(nodes.map((node) => [node.id, { node, free: node.available, taken: 0 }]));
}

/** The same nodes with nothing on them. */
export function emptyRooms(rooms: Rooms): Rooms {
  return new Map([...rooms].map(([id, room]) => [id, { node: room.node, free: wholeOf(room.node.capacity), taken: 0 }]));
}

/** May it be given work now? */
export function isOpen(node: ViewNode): boolean {
  return takesWork(node) && !node.isPaused;
}

/** The nodes that take work, now or after a pause. */
export function connectedRooms(rooms: Rooms): Rooms {
  return new Map([...rooms].filter(([, room]) => takesWork(room.node)));
}

export function wholeOf(capacity: Capacity): Grant {
  return {
    cpuMilli: capacity.cpuMilli,
    memoryBytes: capacity.memoryBytes,
    gpus: capacity.gpus.map(({ index }) => ({ index, milli: DEVICE })),
  };
}

/**
 * Chooses devices: a fraction shares one device, the least loaded that has room; whole devices are wholly free ones.
 * Ties by index.
 * @returns null when there are none
 */
function chooseGpus(free: readonly GpuShare[], wanted: Milli): readonly GpuShare[] | null {
  if (wanted === 0) return [];
  const byLoad = [...free].sort((a, b) => b.milli - a.milli || a.index - b.index);
  if (wanted < DEVICE) {
    const device = byLoad[0];
    return device && device.milli >= wanted ? [{ index: device.index, milli: wanted }] : null;
  }
  const whole = byLoad.filter((device) => device.milli >= DEVICE).slice(0, wanted / DEVICE);
  if (whole.length * DEVICE !== wanted) return null;
  return whole.map(({ index }) => ({ index, milli: DEVICE })).sort((a, b) => a.index - b.index);
}

/** @returns what a lease of `bundle` would hold, or null where it does not fit. */
export function grantFrom(free: Grant, bundle: Resources): Grant | null {
  if (free.cpuMilli < bundle.cpuMilli || free.memoryBytes < bundle.memoryBytes) return null;
  const gpus = chooseGpus(free.gpus, bundle.gpuMilli);
  return gpus && { cpuMilli: bundle.cpuMilli, memoryBytes: bundle.memoryBytes, gpus };
}

export function less(free: Grant, grant: Grant): Grant {
  const held = new Map(grant.gpus.map(({ index, milli }) => [index, milli]));
  return {
    cpuMilli: free.cpuMilli - grant.cpuMilli,
    memoryBytes: free.memoryBytes - grant.memoryBytes,
    gpus: free.gpus.map(({ index, milli }) => ({ index, milli: milli - (held.get(index) ?? 0) })),
  };
}

/** Keeps as much of `bundle` from `free` as there is; never below zero. Devices: the freest first, which it will get first. */
export function keepFrom(free: Grant, bundle: Resources): Grant {
  let wanted = bundle.gpuMilli;
  const kept = new Map<number, Milli>();
  for (const { index, milli } of [...free.gpus].sort((a, b) => b.milli - a.milli || a.index - b.index)) {
    if (wanted <= 0) break;
    kept.set(index, bundle.gpuMilli < DEVICE ? Math.min(milli, wanted) : milli);
    wanted -= bundle.gpuMilli < DEVICE ? wanted : DEVICE;
  }
  return {
    cpuMilli: Math.max(0, free.cpuMilli - bundle.cpuMilli),
    memoryBytes: Math.max(0, free.memoryBytes - bundle.memoryBytes),
    gpus: free.gpus.map(({ index, milli }) => ({ index, milli: milli - (kept.get(index) ?? 0) })),
  };
}

/** How much more a node would need for one bundle; zero where there is enough. */
export function missingFor(free: Grant, bundle: Resources): Resources {
  return {
    cpuMilli: Math.max(0, bundle.cpuMilli - free.cpuMilli),
    memoryBytes: Math.max(0, bundle.memoryBytes - free.memoryBytes),
    gpuMilli: chooseGpus(free.gpus, bundle.gpuMilli) ? 0 : missingGpu(free.gpus, bundle.gpuMilli),
  };
}

function missingGpu(free: readonly GpuShare[], wanted: Milli): Milli {
  if (wanted < DEVICE) return wanted - Math.max(0, ...free.map((device) => device.milli));
  return wanted - DEVICE * free.filter((device) => device.milli >= DEVICE).length;
}

/** The largest used share of any resource of the node, 0..1: how loaded it is. */
export function load(room: Room): number {
  const { capacity } = room.node;
  const gpu = capacity.gpus.length * DEVICE;
  const freeGpu = room.free.gpus.reduce((sum, device) => sum + device.milli, 0);
  return Math.max(share(capacity.cpuMilli, room.free.cpuMilli), share(capacity.memoryBytes, room.free.memoryBytes), share(gpu, freeGpu));
}

function share(whole: number, free: number): number {
  return whole === 0 ? 0 : (whole - free) / whole;
}
