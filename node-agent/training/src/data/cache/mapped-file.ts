import type koffi from 'koffi';

/** The beginning of mmap(2), munmap(2) and madvise(2); the numbers are those of Linux and of macOS. */
const [PROT_READ, MAP_PRIVATE, MADV_DONTNEED] = [1, 2, 4];

/** Bytes of a file, in memory without having been read. */
export interface MappedFile {
  /**
   * Read-only: a write is a fault that kills this process (SIGSEGV), and changes neither the file nor what others see. It can't be transferred to
   * another thread, which maps the file itself. The mapping ends when nothing holds this buffer any more.
   */
  readonly buffer: ArrayBuffer;
  /** Takes its pages out of this process's memory; what is read of them afterwards is mapped again. */
  readonly letGo: () => void;
}

interface Calls {
  readonly view: (address: bigint, bytes: number) => ArrayBuffer;
  mmap(address: null, bytes: number, protection: number, flags: number, file: number, offset: number): bigint;
  munmap(address: bigint, bytes: number): number;
  madvise(address: bigint, bytes: number, advice: number): number;
  lastError(): number;
}

/** MAP_FAILED, as the pointer it is. */
const FAILED = 2n ** 64n - 1n;

let loaded: Promise<{ readonly calls: Calls; readonly unmapped: FinalizationRegistry<() => void> }> | null = null;

/**
 * Maps the first bytes of an open file, which may be closed and removed afterwards. No byte of it may be cut off while it is mapped.
 * @throws Error with the system's number where the file can't be mapped
 */
export async function mapFile(file: number, bytes: number): Promise<MappedFile> {
  const { calls, unmapped } = await (loaded ??= load());
  const address = calls.mmap(null, bytes, PROT_READ ?? 0, MAP_PRIVATE ?? 0, file, 0);
  if (BigInt.asUintN(64, address) === FAILED) throw new Error(`mmap of ${bytes} bytes: errno ${calls.lastError()}`);
  const buffer = calls.view(address, bytes);
  // Arrays over the buffer keep it, however long they are used; unmapping it under them would be a crash.
  unmapped.register(buffer, () => calls.munmap(address, bytes));
  return { buffer, letGo: () => void calls.madvise(address, bytes, MADV_DONTNEED ?? 0) };
}

async function load(): Promise<{ readonly calls: Calls; readonly unmapped: FinalizationRegistry<() => void> }> {
  const { default: module } = await import('koffi');
  return { calls: bind(module), unmapped: new FinalizationRegistry((unmap) => unmap()) };
}

function bind(module: typeof koffi): Calls {
  const library = module.load(null);
  return {
    view: (address, bytes) => module.view(address, bytes),
    mmap: library.func('void *mmap(void *address, size_t bytes, int protection, int flags, int file, int64_t offset)') as Calls['mmap'],
    munmap: library.func('int munmap(void *address, size_t bytes)') as Calls['munmap'],
    madvise: library.func('int madvise(void *address, size_t bytes, int advice)') as Calls['madvise'],
    lastError: () => module.errno(),
  };
}
