import { connectHead, findCluster, readClusterFile } from '@trainer/client/internal';
import type { Settings } from '../config/settings.js';
import type { Output } from '../terminal/output.js';
import type { Cluster } from './command.js';

/** Runs a command against the cluster that the settings name, else the one of the data folder, and closes the connection. */
export async function withCluster<T>(settings: Settings, home: string, run: (cluster: Cluster) => Promise<T>, output: Output): Promise<T> {
  const { TRAINER_ADDRESS, TRAINER_TOKEN } = settings;
  const environment = { TRAINER_ADDRESS, TRAINER_TOKEN, TRAINER_HOME: home };
  const address = await findCluster({}, { environment, folder: home, now: 0 });
  const restUrl = TRAINER_ADDRESS === undefined ? ((await readClusterFile(home))?.restUrl ?? null) : null;
  const head = connectHead(address);
  try {
    return await run({ head, restUrl, authorization: { authorization: `Bearer ${address.secret}` }, output });
  } finally {
    head.close();
  }
}
