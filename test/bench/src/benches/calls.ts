import { connect } from '@trainer/client';
import { EchoSpec } from '../actors/echo.js';
import { startCluster, temporaryHome } from '../cluster/running-cluster.js';
import { latency } from '../measuring/statistics.js';
import { prove, rate, timeEach } from '../measuring/timing.js';
import type { Bench } from './bench.js';

const SMALL = 'x'.repeat(16);
const MIB = new Uint8Array(2 ** 20).fill(120);
const IN_FLIGHT = 1_000;
/** As the other side's script measures single calls. */
const SINGLE_CALLS = 2_000;

/** Calls of one actor by one client; CPU time is that of all processes, this one included. */
export const calls: Bench = {
  name: 'calls',
  about: 'calls a second: one at a time, 1,000 in flight, and with 1 MiB',
  ray: { script: 'ray_actor_calls.py', environment: {} },
  run: async ({ runs, seconds, say }) => {
    await using home = await temporaryHome();
    await using cluster = await startCluster({ withGateway: false, home: home.path });
    await using connection = await connect({ home: home.path });
    const { call } = await connection.actors.create(EchoSpec, { cpu: 0.01, memory: '256MiB' });
    const options = { runs, seconds, pids: () => [...cluster.pids(), process.pid] };
    const small = async (): Promise<void> =>
      prove((await call.lengthOf(SMALL)) === SMALL.length, 'a call is answered with the length of its argument');
    const large = async (): Promise<void> =>
      prove((await call.lengthOf(MIB)) === MIB.length, 'a call of 1 MiB is answered with its length');
    say('calls');
    const oneAtATime = await rate({ ...options, perRound: 1 }, small);
    const single = latency(await timeEach(SINGLE_CALLS, small, () => undefined));
    const batches = await rate({ ...options, perRound: IN_FLIGHT }, async () => {
      const lengths = await Promise.all(Array.from({ length: IN_FLIGHT }, () => call.lengthOf(SMALL)));
      prove(
        lengths.every((length) => length === SMALL.length),
        'each of 1,000 calls is answered',
      );
    });
    // As many callers, each of which makes its next call when it has its answer: the number in flight stays.
    const rounds = 20;
    const steady = await rate({ ...options, perRound: IN_FLIGHT * rounds }, async () => {
      const caller = async (): Promise<void> => {
        for (let round = 0; round < rounds; round += 1) await small();
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
    });
    return {
      one_at_a_time_per_s: { ...oneAtATime },
      one_at_a_time: { ...single },
      batches_of_1000_per_s: { ...batches },
      steady_1000_in_flight_per_s: { ...steady },
      argument_1mib_per_s: { ...(await rate({ ...options, perRound: 1 }, large)) },
    };
  },
};
