import { TrainerError } from './errors.js';

/** A thousandth of a CPU or of a GPU; an integer. */
export type Milli = number & { readonly __unit?: 'milli' };
/** Bytes; an integer. */
export type Bytes = number & { readonly __unit?: 'bytes' };
/** Milliseconds of some monotonic or wall clock that the caller names; an integer or a fraction. */
export type Millis = number & { readonly __unit?: 'ms' };

/** What a bundle asks for, or a lease holds. Zero means none. */
export interface Resources {
  readonly cpuMilli: Milli;
  readonly memoryBytes: Bytes;
  /** Below 1,000 a share of one device; else whole devices, a multiple of 1,000. */
  readonly gpuMilli: Milli;
}

/** A GPU as an agent sees it; `index` counts in the agent's visible list. */
export interface GpuDevice {
  readonly index: number;
  readonly uuid: string;
  readonly model: string;
  readonly memoryBytes: Bytes;
}

/** What a node has in all. */
export interface Capacity {
  readonly cpuMilli: Milli;
  readonly memoryBytes: Bytes;
  readonly gpus: readonly GpuDevice[];
}

/** The part of one device that a lease holds. */
export interface GpuShare {
  readonly index: number;
  readonly milli: Milli;
}

/** Resources with the devices chosen; what a placement names and a ledger books. */
export interface Grant {
  readonly cpuMilli: Milli;
  readonly memoryBytes: Bytes;
  readonly gpus: readonly GpuShare[];
}

export class InvalidQuantityError extends TrainerError<'quantity.invalid', { name: string; value: unknown }> {
  constructor(name: string, value: unknown, why: string) {
    super('quantity.invalid', `${name} is ${String(value)}: ${why}.`, { name, value });
  }
}

const MAX_UNITS = 1_000_000;

/**
 * Rounds a number of units to milli-units, once, on entry: 2.01 gives 2010.
 * @throws InvalidQuantityError for NaN, infinities, negatives, above a million, and a positive amount below half a milli.
 */
export function toMilli(units: number, name = 'amount'): Milli {
  if (!Number.isFinite(units) || units < 0 || units > MAX_UNITS) {
    throw new InvalidQuantityError(name, units, `give a number from 0 to ${MAX_UNITS}`);
  }
  const milli = Math.round(units * 1000);
  if (milli === 0 && units > 0) throw new InvalidQuantityError(name, units, 'the smallest amount is 0.001');
  return milli;
}

/** @throws InvalidQuantityError unless a fraction below one device or whole devices. */
export function toGpuMilli(units: number): Milli {
  const milli = toMilli(units, 'gpu');
  if (milli > 1000 && milli % 1000 !== 0) {
    throw new InvalidQuantityError('gpu', units, 'ask for a fraction of one device or for whole devices');
  }
  return milli;
}

const UNIT: Readonly<Record<string, number>> = {
  '': 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
};

/** Reads `536870912` or `'512MiB'`. @throws InvalidQuantityError with the forms that are allowed. */
export function toBytes(value: number | string, name = 'memory'): Bytes {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]i?B)?$/.exec(String(value));
  const bytes = match ? Math.round(Number(match[1]) * (UNIT[match[2] ?? ''] ?? Number.NaN)) : Number.NaN;
  if (!Number.isSafeInteger(bytes)) throw new InvalidQuantityError(name, value, "give bytes or a text such as '512MiB'");
  return bytes;
}

/** What is left of `capacity` after `grants`; never negative when the ledger's invariant holds. */
export function available(capacity: Capacity, grants: Iterable<Grant>): Grant {
  let { cpuMilli, memoryBytes } = capacity;
  const gpus = new Map(capacity.gpus.map((gpu) => [gpu.index, 1000]));
  for (const grant of grants) {
    cpuMilli -= grant.cpuMilli;
    memoryBytes -= grant.memoryBytes;
    for (const share of grant.gpus) gpus.set(share.index, (gpus.get(share.index) ?? 0) - share.milli);
  }
  return { cpuMilli, memoryBytes, gpus: [...gpus].map(([index, milli]) => ({ index, milli })) };
}
