import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CATALOG, hasClasses } from '@trainer/model';
import { startCluster, type TestCluster } from './harness/index.js';
import { csv, RestService } from './rest-service.js';

/* Every model of the catalog as a client of REST meets it, on one table with numbers, text, dates and gaps. */

let cluster: TestCluster;
let rest: RestService;
beforeAll(async () => {
  cluster = await startCluster({ withGateway: true });
  rest = new RestService(cluster);
  const day = (row: number): string => new Date(Date.UTC(2020, 0, 1 + (row % 400))).toISOString().slice(0, 10);
  const table = csv('size,kind,when,label,value', 300, (row) => {
    const size = (row * 7919) % 101;
    return `${row % 9 === 4 ? '' : size},kind ${row % 5},${day(row)},${size > 50 ? 'large' : 'small'},${(size / 10 + (row % 5)).toFixed(2)}`;
  });
  await rest.put('table.csv', table);
});
afterAll(() => cluster?.stop());

describe.each(CATALOG)('$modelId', ({ modelId, task, formats }) => {
  const [target, other] = hasClasses(task) ? ['label', 'value'] : ['value', 'label'];

  test('stands in GET /catalog', async () => {
    const { body } = await rest.call<{ models: { model_id: string; task_type: string }[] }>('/catalog');
    expect(body.models).toContainEqual(expect.objectContaining({ model_id: modelId, task_type: task }));
  });

  test('is trained, is better than a guess, and is there in each of its formats', async () => {
    const request = {
      model_id: modelId,
      task_type: task,
      data_id: 'table.csv',
      epochs: 5,
      target_column: target,
      exclude_columns: [other],
    };
    const job = await rest.trained(request);
    expect(job).toMatchObject({ status: 'completed', error_message: null, progress_percentage: 100 });
    expect(job.warnings.filter((warning) => warning.includes('constant guess'))).toEqual([]);
    const { files } = await rest.model(job.job_id);
    for (const format of formats) {
      const file = files.find((known) => known.format === format);
      expect([format, (await rest.download(job.job_id, format)).length]).toEqual([format, file?.bytes]);
    }
  });
});
