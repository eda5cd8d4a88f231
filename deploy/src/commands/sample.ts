import { readFile } from 'node:fs/promises';
import type { EmbeddedCluster } from '../embedded-cluster.js';
import { followJob, verdictOf } from '../terminal/follow-job.js';
import { SAMPLE } from '../own-files.js';
import type { Output } from '../terminal/output.js';

const DATA_ID = 'samples/iris.csv';

/** Puts the bundled sample into the data bucket of a new cluster and trains on it, shown as it goes. */
export async function trainSample({ head, store, restUrl }: EmbeddedCluster, dataBucket: string, output: Output): Promise<void> {
  await store.put(dataBucket, DATA_ID, await readFile(SAMPLE));
  const { id } = await head.jobs.submit({
    modelId: 'xgboost_classifier',
    dataId: DATA_ID,
    taskType: 'classification',
    targetColumn: 'species',
  });
  output.write(`\nA first model: xgboost_classifier on ${DATA_ID} (150 flowers, 4 measurements, 3 species), job ${id}\n`);
  const job = await followJob(head.jobs.events(id), output);
  if (job === null) return;
  output.write(`${verdictOf(job)}\n`);
  if (job.status !== 'completed') return;
  output.write('\nTry it:\n');
  if (restUrl !== null) output.write(`  curl -s ${restUrl}/models/${id}\n  curl -sO -J ${restUrl}/models/${id}/download\n`);
  output.write(
    `  npm run trainer -- job ${id}\n  npm run trainer -- train xgboost_classifier ${DATA_ID} --task classification --target species\n`,
  );
}
