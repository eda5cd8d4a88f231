import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { startHead, type Head, type HeadOptions } from '@trainer/head';
import { silentLogger, systemClock, timeScale } from '@trainer/runtime';
import type { RealServers } from '../real-servers.js';

/** The timers of the head, and of those who play with it, run ten times as fast. */
export const SCALE = 0.1;

/** Where the head of a test keeps its objects. */
export function storeConfigOf(servers: RealServers): HeadOptions['storeConfig'] {
  return { kind: 'folder', path: join(servers.folder, 'objects') };
}

/** A real head on real servers, at any free port unless `settings` name one. */
export function openHead(servers: RealServers, settings: Partial<HeadOptions> = {}): Promise<Head> {
  return startHead({
    databaseUrl: servers.databaseUrl,
    natsUrl: servers.natsUrl,
    natsToken: servers.secret,
    secret: servers.secret,
    storeConfig: storeConfigOf(servers),
    buckets: {},
    version: '0.1.0',
    timeScale: timeScale(SCALE),
    clock: systemClock(),
    log: silentLogger,
    random: randomBytes,
    onFatal: () => undefined,
    ...settings,
  });
}
