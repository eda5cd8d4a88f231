import type { Collective, RankNetwork } from '@trainer/actor';
import type { JoinedEngines } from '../learning/learner.js';
import { EngineError } from './errors.js';
import type { XgboostLibrary, XgboostTracker } from './xgboost-library.js';

/**
 * Ranks that meet are at the same call within what one of them computes in between; and what is frozen or cut off is found long
 * before, by the rank's agent and by its gang's beats, which end the process in the middle of such a wait.
 */
const EXCHANGE_TIMEOUT_S = 300;
const CONNECT_TRIES = 3;

/**
 * Joins XGBoost's own communicators: rank 0 runs the tracker, on the interface of its own listener, in the range of ports that may
 * be used where one is free, and tells the others where. XGBoost's connections have neither secret nor encryption. Where a rank
 * fails nothing is taken down in order (the library would wait for the others): its process ends, and the tracker with it.
 * @throws EngineError, and what the collective throws
 */
export async function joinXgboostRanks(library: XgboostLibrary, team: Collective, network: RankNetwork): Promise<JoinedEngines> {
  if (team.worldSize === 1) return { leave: () => Promise.resolve() };
  const tracker = team.rank === 0 ? startTracker(library, team.worldSize, network) : null;
  const place = tracker === null ? null : JSON.stringify({ host: network.advertisedHost, port: tracker.port });
  const told = await team.broadcast(new TextEncoder().encode(place ?? ''), 0);
  const { host, port } = JSON.parse(new TextDecoder().decode(told)) as { host: string; port: number };
  library.joinCommunicator({
    trackerHost: host,
    trackerPort: port,
    rank: team.rank,
    timeoutS: EXCHANGE_TIMEOUT_S,
    connectTries: CONNECT_TRIES,
  });
  return {
    async leave() {
      library.leaveCommunicator();
      // Each says goodbye to the tracker, so it must stay until the last one has.
      await team.barrier();
      tracker?.close();
    },
  };
}

function startTracker(library: XgboostLibrary, ranks: number, { listenHost, ports }: RankNetwork): XgboostTracker {
  const place = { host: listenHost, ranks, timeoutS: EXCHANGE_TIMEOUT_S };
  for (let port = Math.max(1, ports.from); port <= ports.to; port += 1) {
    try {
      return library.startTracker({ ...place, port });
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
    }
  }
  return library.startTracker({ ...place, port: 0 });
}
