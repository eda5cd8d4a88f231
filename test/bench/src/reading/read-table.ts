/** Reads one table in this process as a rank does, and prints what it took: `node read-table.js PATH THREADS`. */
import { openDataset, type Column } from '@trainer/training/internal';

const [path = '', threads = '1'] = process.argv.slice(2);

function bytesOf(column: Column): number {
  return (column.kind === 'text' ? column.codes : column.values).byteLength;
}

const mib = (kib: number): number => kib / 1024;
const empty = mib(process.resourceUsage().maxRSS);
const before = process.cpuUsage();
const startedMs = performance.now();
const dataset = await openDataset(path, path, {
  threads: Number(threads),
  // A rank's comes with the download.
  fingerprint: 'sha256:',
  maxRows: Number.MAX_SAFE_INTEGER,
  maxUnpackedBytes: Number.MAX_SAFE_INTEGER,
});
const { rows, columns } = await dataset.read(dataset.columnNames);
const wallMs = performance.now() - startedMs;
const { user, system } = process.cpuUsage(before);
const columnsMib = columns.reduce((sum, column) => sum + bytesOf(column), 0) / 2 ** 20;
const peakMib = mib(process.resourceUsage().maxRSS) - empty;
process.stdout.write(JSON.stringify({ rows, wall_ms: wallMs, cpu_ms: (user + system) / 1000, peak_mib: peakMib, columns_mib: columnsMib }));
dataset.close();
