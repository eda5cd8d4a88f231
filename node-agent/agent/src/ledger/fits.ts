import { available, type Grant } from '@trainer/model';
import { heldGrants, type Ledger } from './ledger.js';

const DEVICE_MILLI = 1_000;

/** @returns why the grant can't be held beside what is held (I1, I2), as a sentence; null: it can. */
export function whyNot(ledger: Ledger, grant: Grant): string | null {
  const malformed = malformedBecause(grant);
  if (malformed !== null) return malformed;
  const left = available(ledger.capacity, heldGrants(ledger));
  if (grant.cpuMilli > left.cpuMilli) return `It asks ${grant.cpuMilli / 1000} CPUs; ${left.cpuMilli / 1000} are free.`;
  if (grant.memoryBytes > left.memoryBytes) return `It asks ${mib(grant.memoryBytes)} MiB of memory; ${mib(left.memoryBytes)} are free.`;
  for (const share of grant.gpus) {
    const device = left.gpus.find((gpu) => gpu.index === share.index);
    if (device === undefined) return `It names device ${share.index}, which this node does not have.`;
    if (share.milli > device.milli) return `It asks ${share.milli} thousandths of device ${share.index}; ${device.milli} are free.`;
  }
  return null;
}

function malformedBecause(grant: Grant): string | null {
  const amounts = [grant.cpuMilli, grant.memoryBytes, ...grant.gpus.map((gpu) => gpu.milli)];
  if (amounts.some((amount) => !Number.isSafeInteger(amount) || amount < 0)) return 'Its amounts are not whole numbers from 0.';
  if (new Set(grant.gpus.map((gpu) => gpu.index)).size !== grant.gpus.length) return 'It names one device twice.';
  if (grant.gpus.some((gpu) => gpu.milli === 0 || gpu.milli > DEVICE_MILLI)) return 'A share of a device is from 1 to 1,000 thousandths.';
  if (grant.gpus.length > 1 && grant.gpus.some((gpu) => gpu.milli !== DEVICE_MILLI)) return 'A share of a device may not straddle two.';
  return null;
}

function mib(bytes: number): number {
  return Math.floor(bytes / 2 ** 20);
}
