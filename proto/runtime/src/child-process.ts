import { execFile, spawn, type ChildProcess, type StdioOptions } from 'node:child_process';

/** A program to start. */
export interface ChildSpec {
  readonly command: string;
  readonly args: readonly string[];
  /** Its whole environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdio: StdioOptions;
  /** Whether it leads a process group of its own, so that a signal to `-pid` meets its children too. */
  readonly isGroupLeader: boolean;
  /** A command line that changes the user and then runs what follows it, such as `unshare --user`; none by default. */
  readonly userChange?: readonly string[];
}

/** Starts programs that do not outlive this process, however it ends. */
export interface Spawner {
  /** How they are ended: by the kernel, or by a small watchdog process that reads a pipe of ours. */
  readonly guard: 'pdeathsig' | 'watchdog';
  /**
   * Starts a program. To be called on the main thread: the kernel ends a child with the *thread* that started it.
   * The child answers to `exit` and `error` as any ChildProcess.
   */
  spawn(spec: ChildSpec): ChildProcess;
}

/**
 * @param path the PATH on which setpriv is looked for
 * @returns a spawner by setpriv where it knows `--pdeathsig` (util-linux; busybox's does not), else one with watchdogs
 */
export function detectSpawner(path: string): Promise<Spawner> {
  return new Promise((resolve) => {
    execFile('setpriv', ['--pdeathsig', 'KILL', 'true'], { env: { PATH: path } }, (error) => {
      resolve(error === null ? pdeathsigSpawner() : watchdogSpawner());
    });
  });
}

/** @returns a spawner whose children the Linux kernel kills when this process ends. */
export function pdeathsigSpawner(): Spawner {
  return {
    guard: 'pdeathsig',
    // After the change of user: the kernel forgets the wish at every change of credentials.
    spawn: (spec) => start(spec, [...(spec.userChange ?? []), 'setpriv', '--pdeathsig', 'KILL', '--', spec.command, ...spec.args]),
  };
}

/** What a watchdog runs: it kills `$1` when its input ends without the word `done`, which is when its starter is gone. */
const WATCHDOG = 'read -r word; [ "$word" = done ] || kill -s KILL -- "$1"';

/** @returns a spawner that gives each child a `sh` which waits on a pipe of ours and kills the child at its end. */
export function watchdogSpawner(): Spawner {
  return {
    guard: 'watchdog',
    spawn: (spec) => {
      const child = start(spec, [...(spec.userChange ?? []), spec.command, ...spec.args]);
      if (child.pid !== undefined) watchOver(child, spec.isGroupLeader ? -child.pid : child.pid);
      return child;
    },
  };
}

function watchOver(child: ChildProcess, target: number): void {
  // A session of its own, so that Ctrl-C at the terminal does not end the watchdog before what it watches.
  const watchdog = spawn('sh', ['-c', WATCHDOG, 'watchdog', String(target)], {
    env: {},
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watchdog.unref();
  const release = (): void => {
    watchdog.stdin.end('done\n');
  };
  // Without a shell nothing guards the child; the pipe's error says the same and has no other remedy.
  watchdog.once('error', () => child.off('exit', release));
  watchdog.stdin.once('error', () => child.off('exit', release));
  child.once('exit', release);
}

function start(spec: ChildSpec, line: readonly string[]): ChildProcess {
  const [command, ...args] = line;
  return spawn(command ?? spec.command, args, {
    env: { ...spec.env },
    stdio: spec.stdio,
    detached: spec.isGroupLeader,
    ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
  });
}
