import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AgentSettings } from '../../config.js';
import type { FakeHead } from './fake-head.js';

const dist = fileURLToPath(new URL('../../../../actor/dist/', import.meta.url));
/** Packed, where the whole was built; as modules where only the packages were. */
const actorEntry = [join(dist, 'process.loader.cjs'), join(dist, 'process.js')].find(existsSync) ?? '';

/** An agent of a fake head, its folder `name` and its store within `folder`; with room for anything, and timers ten times as fast. */
export function agentSettings(head: FakeHead, headAddress: string, folder: string, name: string): AgentSettings {
  return {
    headAddresses: [headAddress],
    secret: head.secret,
    natsServers: ['unused:1'],
    natsToken: 'unused',
    folder: join(folder, name),
    buckets: { data: 'data', models: 'models' },
    store: { kind: 'folder', path: join(folder, 'store') },
    nativeDir: folder,
    version: '0.0.0',
    actorEntry,
    processEnvironment: { PATH: process.env['PATH'] ?? '' },
    timeScale: 0.1,
    cpuMilli: 64_000,
    memoryBytes: 64 * 2 ** 30,
  };
}
