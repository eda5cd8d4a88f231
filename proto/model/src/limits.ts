/**
 * Bounds of what clients and agents send, checked at the first door (docs/limits.md lists them all). Characters are UTF-16 units, as
 * JavaScript counts them.
 */
export const LIMITS = {
  /** Names of actors and their namespaces are typed by people and stand in tables. */
  nameChars: 128,
  /** Of classes, exports and methods. */
  symbolChars: 250,
  /** In all it travels over NATS beside arguments of 64 KiB, with every placement; each value alone may have more bytes than characters. */
  env: { count: 100, nameChars: 128, valueChars: 4096, bytes: 64 * 1024 },
  concurrency: { min: 1, max: 10_000 },
  priority: { min: 0, max: 99 },
  maxRestarts: { min: -1, max: 2 ** 31 - 1 },
  maxCallRetries: { min: 0, max: 1_000 },
  /** The longest that anything may be asked to wait: a day. */
  waitMs: { min: 0, max: 86_400_000 },
  listed: { min: 0, max: 10_000 },
  logTail: { min: 0, max: 100_000 },
  /** Of an agent's hello: more leases than a machine has room for, and two minutes of their ends. */
  hello: { leases: 100_000, labels: 100, engines: 100, gpus: 256 },
  /** Names and values of a node's labels, versions, hosts, addresses, paths. */
  shortChars: 300,
  /** Sentences that people read. */
  sentenceChars: 16 * 1024,
  /** What user code said of an error, with its stack. */
  errorChars: 128 * 1024,
  /** Facts and fields of an error, as MessagePack. */
  errorFactsBytes: 4 * 2 ** 20,
  metrics: { count: 1_000, nameChars: 250 },
  /** Of one batch of calls, or of facts. */
  batch: 65_536,
  /** Of one chunk of an upload. */
  chunkBytes: 2 ** 20,
  sessions: 10_000,
} as const;
