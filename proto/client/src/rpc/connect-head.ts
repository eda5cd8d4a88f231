import type { NodeView } from '@trainer/model';
import { systemClock } from '@trainer/runtime';
import { decodeNodeView } from '@trainer/wire';
import type { ClusterStatus, HeadAddress, HeadConnection, LogLine } from '../head/head-door.js';
import { ActorsRpc } from './actors-rpc.js';
import { HeadRpc } from './head-rpc.js';
import { jobsOver } from './jobs-rpc.js';
import { readStream } from './head-streams.js';
import { tokensOver } from './tokens-rpc.js';

/**
 * Connects to a head without a session. Returns at once: requests wait for the connection, up to their deadlines, and it is
 * taken up again whenever it breaks, of several addresses with the head that leads.
 */
export function connectHead(head: HeadAddress): HeadConnection {
  const rpc = new HeadRpc(head, systemClock());
  const actors = new ActorsRpc(rpc);
  return {
    jobs: jobsOver(rpc),
    tokens: tokensOver(rpc),
    nodes: { list: async () => (await readStatus(rpc)).nodes },
    actors: {
      list: (options) => actors.list(options),
      get: async (id) => (await actors.get(id)).listing,
      kill: async (id, by) => {
        await actors.kill(id, by);
      },
    },
    status: (options) => readStatus(rpc, options),
    logs: (of, options = {}) => readLogs(rpc, of, options),
    close: () => rpc.close(),
  };
}

/** @throws ClusterUnavailableError when no head answers within `deadlineMs`, default 10 s. */
export async function readStatus(rpc: HeadRpc, options: { readonly deadlineMs?: number } = {}): Promise<ClusterStatus> {
  const wire = await rpc.unary(rpc.cluster.status.bind(rpc.cluster), {}, { isIdempotent: true, ...options });
  return {
    headEpoch: wire.headEpoch,
    version: wire.version,
    uptimeMs: wire.uptimeMs,
    isDatabaseConnected: wire.databaseConnected,
    databaseTrouble: wire.databaseTrouble === '' ? null : wire.databaseTrouble,
    isMessagesConnected: wire.messagesConnected,
    isStoreConnected: wire.storeConnected,
    nodes: wire.nodes.map((node, index): NodeView => decodeNodeView(node, `status.nodes[${index}]`)),
    jobsRunning: wire.jobsRunning,
    jobsPending: wire.jobsPending,
    actorsAlive: wire.actorsAlive,
  };
}

/** Live lines have no numbers, so a log that breaks is not taken up: it would repeat or skip lines. */
async function* readLogs(
  rpc: HeadRpc,
  of: string,
  options: { readonly follow?: boolean; readonly tail?: number; readonly signal?: AbortSignal },
): AsyncIterableIterator<LogLine> {
  const request = { of, follow: options.follow ?? false, tail: options.tail ?? 0 };
  yield* readStream(rpc, () => rpc.stream(rpc.actors.logs.bind(rpc.actors), request), options.signal);
}
