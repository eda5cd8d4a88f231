import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { homeFolder } from '@trainer/client/internal';
import { toErrorData, TOKEN_SCOPES, type TokenScope } from '@trainer/model';
import { ConfigError } from '@trainer/runtime';
import { withCluster } from './commands/with-cluster.js';
import { readSettings, type Settings } from './config/settings.js';
import type { ProcessOptions } from './processes/surroundings.js';
import type { Format, Output } from './terminal/output.js';
import { VERSION } from './version.js';

/** The one file that touches the process: its environment, arguments, streams, signals and exit code. */
// A reader such as head(1) that has enough is no failure; what it asked for has been said.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
const output: Output = { isTerminal: process.stdout.isTTY, write: (text) => void process.stdout.write(text) };
const settings = (): Settings => readSettings(process.env);
const home = (): Promise<string> => homeFolder(settings().TRAINER_HOME, process.cwd());
const ofProcess = (endsWithParent = false): ProcessOptions => ({
  output,
  process,
  endsWithParent: endsWithParent || process.env['npm_lifecycle_event'] !== undefined,
});
const formatOf = (options: { readonly json?: true }): Format => (options.json === true ? 'json' : 'text');

interface JsonOption {
  readonly json?: true;
}
const using = async <T>(run: Parameters<typeof withCluster<T>>[2]): Promise<T> => withCluster(settings(), await home(), run, output);
const inspect = () => import('./commands/inspect.js');

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('a whole number is wanted.');
  return Number(text);
}

function atLeastOne(text: string): number {
  const count = whole(text);
  if (count < 1) throw new InvalidArgumentError('a number from 1 is wanted.');
  return count;
}

/** More on one machine than this is no machine's copy any more. */
const MOST_AGENTS = 64;

function agentCount(text: string): number {
  const count = whole(text);
  if (count < 1 || count > MOST_AGENTS) throw new InvalidArgumentError(`a number from 1 to ${MOST_AGENTS} is wanted.`);
  return count;
}

const program = new Command('trainer').description('A cluster of actors, and a service on it that trains models').version(VERSION);
program.exitOverride().configureOutput({ writeErr: (text) => void process.stderr.write(text) });
const json = ['--json', 'answer as JSON'] as const;

program
  .command('up')
  .description('start the embedded cluster in this terminal')
  .option('--port <port>', 'where REST listens (SERVICE_PORT)', whole)
  .option('--no-sample', 'do not train on the bundled sample when the data folder is new')
  .option('--no-gateway', 'start without REST')
  .option('--agents <n>', 'so many agents, each beside the first a process of its own, as if they were machines', agentCount, 1)
  .action(async (options: { port?: number; sample: boolean; gateway: boolean; agents: number }) => {
    const { up } = await import('./commands/up.js');
    const chosen = options.port === undefined ? settings() : { ...settings(), SERVICE_PORT: options.port };
    const { sample: withSample, gateway: withGateway, agents } = options;
    await up(chosen, await home(), { ...ofProcess(), withSample, withGateway, agents });
  });
program
  .command('head')
  .description('run a head of a cluster; a second one waits, and takes over')
  .option('--listen <address>', 'where agents, gateways and clients reach it', '127.0.0.1:8003')
  .action(async (options: { listen: string }) =>
    (await import('./processes/head-process.js')).headProcess(settings(), options.listen, ofProcess()),
  );
program
  .command('agent')
  .description('run the agent of this machine')
  .option('--with-parent', 'end when the process that started it ends')
  .action(async (options: { withParent?: true }) =>
    (await import('./processes/agent-process.js')).agentProcess(settings(), ofProcess(options.withParent)),
  );
program
  .command('gateway')
  .description('run a gateway: REST in front of the heads')
  .action(async () => (await import('./processes/gateway-process.js')).gatewayProcess(settings(), ofProcess()));
program
  .command('status')
  .description('the cluster at a glance')
  .option(...json)
  .action((options: JsonOption) => using(async (cluster) => (await inspect()).showStatus(cluster, formatOf(options))));
program
  .command('nodes')
  .description('the machines and what is free on them')
  .option(...json)
  .action((options: JsonOption) => using(async (cluster) => (await inspect()).showNodes(cluster, formatOf(options))));
program
  .command('actors')
  .description('the actors, where they are and what they wait for')
  .option('--all', 'those that ended too')
  .option(...json)
  .action((options: { all?: true; json?: true }) =>
    using(async (cluster) => (await inspect()).showActors(cluster, formatOf(options), options.all === true)),
  );
program
  .command('actor <id>')
  .description('one actor in full, and how its incarnations ended')
  .option(...json)
  .action((id: string, options: JsonOption) => using(async (cluster) => (await inspect()).showActor(cluster, formatOf(options), id)));
program
  .command('kill <actor>')
  .description('end an actor, by its id')
  .option(...json)
  .action((id: string, options: JsonOption) =>
    using(async (cluster) => (await import('./commands/kill.js')).kill(cluster, formatOf(options), id)),
  );
program
  .command('logs <id>')
  .description('what an actor, a job or a lease wrote')
  .option('-f, --follow', 'and go on as it writes')
  .option('--tail <lines>', 'only the last lines', whole)
  .option(...json)
  .action((id: string, options: { follow?: true; tail?: number; json?: true }) =>
    using(async (cluster) => {
      const { tail } = options;
      await (
        await inspect()
      ).showLogs(cluster, id, { follow: options.follow === true, json: options.json === true, ...(tail === undefined ? {} : { tail }) });
    }),
  );
program
  .command('train <model> <data>')
  .description('train a model on a dataset and follow it')
  .requiredOption('--task <task>', 'classification, regression or clustering')
  .option('--target <column>', 'the column to predict; the last one unless said')
  .option('--epochs <n>', 'epochs', whole)
  .option('--workers <n>', 'ranks that train it together, on as many nodes as there are', whole)
  .option('--priority <n>', '0 to 99; higher goes first', whole)
  .option('-p, --param <name=value>', 'a hyperparameter; may be repeated', (value: string, all: string[]) => [...all, value], [])
  .option('--no-follow', 'return as soon as the job is queued')
  .option(...json)
  .action((model: string, data: string, options: { task: string; param: string[]; follow: boolean; json?: true }) =>
    using(async (cluster) => {
      const { train } = await import('./commands/train.js');
      const job = await train(cluster, formatOf(options), model, data, options);
      if (job.status === 'failed' || job.status === 'cancelled') process.exitCode = 1;
    }),
  );
program
  .command('jobs')
  .description('the jobs, newest first')
  .option('--limit <n>', 'how many', atLeastOne, 20)
  .option(...json)
  .action((options: { limit: number; json?: true }) =>
    using(async (cluster) => (await inspect()).showJobs(cluster, formatOf(options), options.limit)),
  );
program
  .command('job <id>')
  .description('one job in full')
  .option(...json)
  .action((id: string, options: JsonOption) => using(async (cluster) => (await inspect()).showJob(cluster, formatOf(options), id)));
program
  .command('cancel <id>')
  .description('cancel a job and wait for its processes to end')
  .option(...json)
  .action((id: string, options: JsonOption) =>
    using(async (cluster) => (await import('./commands/train.js')).cancel(cluster, formatOf(options), id)),
  );
program
  .command('models')
  .description('the trained models, newest first')
  .option('--limit <n>', 'how many', atLeastOne, 20)
  .option(...json)
  .action((options: { limit: number; json?: true }) =>
    using(async (cluster) => (await inspect()).showModels(cluster, formatOf(options), options.limit)),
  );
const token = program.command('token').description('who may use REST, where it asks for tokens (AUTH=token)');
token
  .command('create <name>')
  .description('make a token, and show its text this once')
  .addOption(new Option('--scope <scope>', 'what it may do').choices(TOKEN_SCOPES).default('submit'))
  .option(...json)
  .action((name: string, options: { scope: TokenScope; json?: true }) =>
    using(async (cluster) => (await import('./commands/token.js')).createToken(cluster, formatOf(options), name, options.scope)),
  );
token
  .command('list')
  .description('the tokens in force')
  .option(...json)
  .action((options: JsonOption) => using(async (cluster) => (await import('./commands/token.js')).listTokens(cluster, formatOf(options))));
token
  .command('revoke <token>')
  .description('end a token by its id, or all of that name')
  .option(...json)
  .action((id: string, options: JsonOption) =>
    using(async (cluster) => (await import('./commands/token.js')).revokeToken(cluster, formatOf(options), id)),
  );
const data = program.command('data').description('datasets');
data
  .command('put <file> [name]')
  .description('store a file as a dataset')
  .option(...json)
  .action((file: string, name: string | undefined, options: JsonOption) =>
    using(async (cluster) =>
      (await import('./commands/data.js')).putData(cluster, formatOf(options), file, name ?? file.split('/').at(-1) ?? file),
    ),
  );
data
  .command('show <id>')
  .description('what a dataset holds, and what a training makes of each column')
  .option('--target <column>', 'plan for a training with this target')
  .option('--task <task>', 'of the target: classification or regression; guessed unless said')
  .option(...json)
  .action((id: string, options: { target?: string; task?: string; json?: true }) =>
    using(async (cluster) => (await import('./commands/data.js')).showData(cluster, formatOf(options), id, options)),
  );
program
  .command('reset')
  .description('remove all jobs, models and data of this folder, after asking')
  .option('--yes', 'do not ask')
  .action(async (options: { yes?: true }) =>
    (await import('./commands/reset.js')).reset(await home(), output, process.stdin, options.yes === true),
  );

try {
  await program.parseAsync(process.argv);
} catch (error) {
  const isUsage = error instanceof CommanderError;
  if (!isUsage) process.stderr.write(`${toErrorData(error).message}\n`);
  // What a start that failed has begun must not keep the process.
  const isAsked = isUsage && error.exitCode === 0;
  const isWrongUse = isUsage || error instanceof ConfigError || ['cli.usage', 'gateway.unprotected'].includes(toErrorData(error).code);
  process.exit(isAsked ? 0 : isWrongUse ? ConfigError.EXIT_CODE : 1);
}
