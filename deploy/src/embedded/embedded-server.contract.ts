import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Clock } from '@trainer/model';
import { detectSpawner } from '@trainer/runtime';
import type { EmbeddedServer, EmbeddedServerOptions } from './embedded-server.js';
import { portPicker } from './ports.js';

/** The system's clock: the servers under test are real processes. */
const clock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** @returns options for a server in a new folder. */
export async function realOptions(folder: string): Promise<EmbeddedServerOptions> {
  const path = process.env['PATH'] ?? '';
  return {
    folder: join(folder, 'server'),
    secret: 'a-secret_of-the-cluster',
    host: '127.0.0.1',
    ports: portPicker('127.0.0.1', null),
    spawner: await detectSpawner(path),
    clock,
    path,
  };
}

/** What a contract needs to know of a server. */
export interface ServerUnderTest {
  start(options: EmbeddedServerOptions): Promise<EmbeddedServer>;
  /** Opens a connection with this secret; rejects when it is refused. */
  connect(url: string, secret: string): Promise<void>;
}

/** What every embedded server promises; run with the real programs. */
export function describeEmbeddedServer(name: string, server: ServerUnderTest): void {
  describe(`${name}, embedded`, () => {
    let folder: string;
    let options: EmbeddedServerOptions;
    let running: EmbeddedServer | null = null;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'trainer-embedded-'));
      options = await realOptions(folder);
    });

    afterEach(async () => {
      await running?.stop();
      running = null;
      await rm(folder, { recursive: true, force: true });
    });

    test('it takes a client with the secret', async () => {
      running = await server.start(options);
      await server.connect(running.url, options.secret);
    });

    test('it refuses a client with another secret', async () => {
      running = await server.start(options);
      await expect(server.connect(running.url, 'another')).rejects.toThrow();
    });

    test('it comes back on the same port after a SIGKILL', async () => {
      const started = (running = await server.start(options));
      const back = new Promise<void>((resolve) => started.onRestart(resolve));
      const before = started.pid ?? 0;
      process.kill(before, 'SIGKILL');
      await back;
      expect(started.pid).not.toBe(before);
      await server.connect(started.url, options.secret);
    });

    test('it is stopped within 3 s and does not come back', async () => {
      const started = await server.start(options);
      const pid = started.pid ?? 0;
      const startedAt = performance.now();
      await started.stop();
      expect(performance.now() - startedAt).toBeLessThan(3_000);
      expect(() => process.kill(pid, 0)).toThrow('ESRCH');
      expect(started.pid).toBeNull();
    });

    test('it starts again on the folder that it left', async () => {
      const first = await server.start(options);
      await first.stop();
      running = await server.start(options);
      await server.connect(running.url, options.secret);
    });

    test('only the owner may read its folder', async () => {
      running = await server.start(options);
      expect((await stat(options.folder)).mode & 0o077).toBe(0);
    });
  });
}
