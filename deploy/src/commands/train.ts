import { TASK_TYPES, type Job, type JobEvent, type TaskType } from '@trainer/model';
import type { TrainingRequest } from '@trainer/client/internal';
import { followJob, verdictOf } from '../terminal/follow-job.js';
import { print, type Format } from '../terminal/output.js';
import type { Cluster } from './command.js';
import { UsageError } from './errors.js';

/** What `trainer train` was asked on the command line. */
export interface TrainOptions {
  readonly task: string;
  readonly target?: string;
  readonly epochs?: number;
  readonly workers?: number;
  readonly priority?: number;
  readonly param: readonly string[];
  readonly follow: boolean;
}

/** `trainer train MODEL DATA`: submits and follows a job. @returns the job as it last was. */
export async function train({ head, output }: Cluster, format: Format, model: string, data: string, options: TrainOptions): Promise<Job> {
  const submitted = await head.jobs.submit(requestOf(model, data, options));
  if (!options.follow || format === 'json') {
    const job = options.follow ? await ended(head.jobs.events(submitted.id), submitted) : submitted;
    print(output, format, job, (shown) => `Job ${shown.id} ${shown.status}`);
    return job;
  }
  output.write(`Job ${submitted.id}: ${model} on ${data}\n`);
  for (const warning of submitted.warnings) output.write(`  note: ${warning}\n`);
  const job = (await followJob(head.jobs.events(submitted.id), output)) ?? submitted;
  output.write(`${verdictOf(job)}\n`);
  return job;
}

async function ended(events: AsyncIterable<JobEvent>, submitted: Job): Promise<Job> {
  let last = submitted;
  for await (const event of events) if (event.type === 'status') last = event.data;
  return last;
}

function requestOf(modelId: string, dataId: string, options: TrainOptions): TrainingRequest {
  const taskType = TASK_TYPES.find((task) => task === options.task) as TaskType | undefined;
  if (taskType === undefined) throw new UsageError('--task', `--task is ${TASK_TYPES.join(', ')}; not '${options.task}'`);
  return {
    modelId,
    dataId,
    taskType,
    hyperparameters: Object.fromEntries(options.param.map(parameterOf)),
    ...(options.target === undefined ? {} : { targetColumn: options.target }),
    ...(options.epochs === undefined ? {} : { epochs: options.epochs }),
    ...(options.workers === undefined ? {} : { numWorkers: options.workers }),
    ...(options.priority === undefined ? {} : { priority: options.priority }),
  };
}

/** `max_depth=3` as a pair; a value that is JSON is read as such, else it is a text. */
function parameterOf(text: string): [string, unknown] {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError('--param', `--param wants name=value, such as max_depth=3; not '${text}'`);
  const value = text.slice(at + 1);
  try {
    return [text.slice(0, at), JSON.parse(value)];
  } catch {
    return [text.slice(0, at), value];
  }
}

/** `trainer cancel ID` */
export async function cancel({ head, output }: Cluster, format: Format, id: string): Promise<void> {
  print(output, format, await head.jobs.cancel(id), (job) =>
    job.status === 'cancelled' ? `Job ${job.id} is cancelled` : `Job ${job.id} is stopping`,
  );
}
