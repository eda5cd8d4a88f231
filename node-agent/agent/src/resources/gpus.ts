import type { GpuDevice } from '@trainer/model';

/** A device before it has its place in the visible list. */
export type FoundGpu = Omit<GpuDevice, 'index'>;

/** What nvidia-smi is asked; the answer is read by `parseNvidiaSmi`. */
export const NVIDIA_SMI_ARGS = ['--query-gpu=uuid,name,memory.total', '--format=csv,noheader,nounits'] as const;
/** What rocm-smi is asked; the answer is read by `parseRocmSmi`. */
export const ROCM_SMI_ARGS = ['--showuniqueid', '--showproductname', '--showmeminfo', 'vram', '--json'] as const;

/** Lines such as `GPU-5f0c..., NVIDIA H100 80GB HBM3, 81559` (MiB). Lines of another form, such as warnings, are left out. */
export function parseNvidiaSmi(output: string): FoundGpu[] {
  return output.split('\n').flatMap((line) => {
    const match = /^\s*((?:GPU|MIG)-[^,]+),\s*(.+?),\s*(\d+)\s*$/.exec(line);
    return match === null ? [] : [{ uuid: match[1] ?? '', model: match[2] ?? '', memoryBytes: Number(match[3]) * 2 ** 20 }];
  });
}

/** A JSON object of `card0`, `card1`, ... with texts as values. What is no such object has no devices. */
export function parseRocmSmi(output: string): FoundGpu[] {
  let cards: unknown;
  try {
    cards = JSON.parse(output);
  } catch {
    return [];
  }
  if (typeof cards !== 'object' || cards === null) return [];
  return Object.entries(cards as Record<string, Record<string, string> | null>)
    .filter(([name]) => /^card\d+$/.test(name))
    .sort(([a], [b]) => Number(a.slice(4)) - Number(b.slice(4)))
    .map(([name, card]) => ({
      uuid: card?.['Unique ID'] ?? name,
      model: card?.['Card Series'] ?? card?.['Card series'] ?? 'AMD GPU',
      memoryBytes: Number(card?.['VRAM Total Memory (B)'] ?? 0),
    }));
}

/** Devices that exist only in the books. */
export function fakeGpus(count: number): FoundGpu[] {
  return Array.from({ length: count }, (_, i) => ({ uuid: `GPU-fake-${i}`, model: 'fake', memoryBytes: 16 * 2 ** 30 }));
}

/**
 * Keeps the devices that CUDA_VISIBLE_DEVICES names, in its order, by index or by the start of a uuid; as in CUDA, the first
 * entry that names none ends the list, and an empty text hides all. null: all devices.
 */
export function visibleGpus(found: readonly FoundGpu[], visibleDevices: string | null): GpuDevice[] {
  return chosen(found, visibleDevices).map((gpu, index) => ({ index, ...gpu }));
}

/** @returns how many devices CUDA_VISIBLE_DEVICES names, before an entry such as `-1` or `none` that hides what follows */
export function namedGpus(visibleDevices: string | null): number {
  const entries = (visibleDevices ?? '').split(',').map((part) => part.trim());
  const end = entries.findIndex((entry) => !/\d/.test(entry) || entry.startsWith('-'));
  return end < 0 ? entries.length : end;
}

function chosen(found: readonly FoundGpu[], visibleDevices: string | null): readonly FoundGpu[] {
  if (visibleDevices === null) return found;
  const kept: FoundGpu[] = [];
  for (const entry of visibleDevices.split(',').map((part) => part.trim())) {
    const gpu = /^\d+$/.test(entry) ? found[Number(entry)] : found.find(({ uuid }) => entry !== '' && uuid.startsWith(entry));
    if (gpu === undefined || kept.includes(gpu)) break;
    kept.push(gpu);
  }
  return kept;
}
