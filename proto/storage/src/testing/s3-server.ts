import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, connect } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { S3Config } from '../s3/client.js';

/** versitygw, an S3 server over a folder; `.ci/servers.mjs` builds it. */
const PROGRAM = /^versitygw-[\d.]+\d$/;
const READY_WITHIN_MS = 20_000;
const POLL_MS = 20;
const SILENT_MS = 10_000;

/** A real S3 server of a test's own. */
export interface S3Server {
  readonly config: S3Config;
  /** Ends it without a warning; what it stored stays. */
  kill(): Promise<void>;
  /** Once more, at the same address and over the same objects. */
  start(): Promise<void>;
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

/** @returns the program of the server; null: it was not built on this machine */
export function s3Program(): string | null {
  const servers = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'trainer', 'servers');
  const built = existsSync(servers) ? readdirSync(servers).find((name) => PROGRAM.test(name)) : undefined;
  return built === undefined ? null : join(servers, built);
}

/** Starts a server over a folder, by default one of its own. @param program as `s3Program` found it */
export async function startS3Server(program: string, folder?: string): Promise<S3Server> {
  const place = folder ?? (await mkdtemp(join(tmpdir(), 'trainer-s3-')));
  const port = await freePort();
  const config: S3Config = {
    kind: 's3',
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    accessKey: 'trainer',
    secretKey: 'secret of a test',
    silentMs: SILENT_MS,
  };
  let child: ChildProcess | null = null;
  const start = async (): Promise<void> => {
    const env = { PATH: process.env['PATH'], ROOT_ACCESS_KEY: config.accessKey, ROOT_SECRET_KEY: config.secretKey };
    const started = spawn(program, ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', place], { env, stdio: 'ignore' });
    child = started;
    const deadline = performance.now() + READY_WITHIN_MS;
    while (!(await listens(port))) {
      if (started.exitCode !== null || performance.now() > deadline) throw new Error(`${program} does not listen on port ${port}`);
      await sleep(POLL_MS);
    }
  };
  const kill = async (): Promise<void> => {
    const running = child;
    child = null;
    if (running === null || running.exitCode !== null || running.signalCode !== null) return;
    running.kill('SIGKILL');
    await once(running, 'exit');
  };
  const close = async (): Promise<void> => {
    await kill();
    if (folder === undefined) await rm(place, { recursive: true, force: true });
  };
  await start();
  return { config, kill, start, freeze: () => void child?.kill('SIGSTOP'), thaw: () => void child?.kill('SIGCONT'), close };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
