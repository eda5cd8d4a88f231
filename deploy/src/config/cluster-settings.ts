import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, type ConfigProblem } from '@trainer/runtime';
import { makeFolders, type ObjectStoreConfig } from '@trainer/storage';
import { codeOf } from '../system-error.js';
import { s3ConfigOf } from './store-config.js';
import { databaseUrlOf, listOf, natsAddress, type NatsAddress, type Settings } from './settings.js';

/** What each process of cluster mode needs. */
export interface ClusterPlace {
  /** The control plane's. */
  readonly secret: string;
  readonly nats: NatsAddress;
  readonly store: ObjectStoreConfig;
}

export interface HeadPlace extends ClusterPlace {
  readonly databaseUrl: string;
}

export interface AgentPlace extends ClusterPlace {
  /** host:port of each head that may lead. */
  readonly heads: readonly string[];
  /** The agent's own. */
  readonly folder: string;
  /** Where its actors listen, and what callers reach them by. */
  readonly host: string;
}

export interface GatewayPlace extends ClusterPlace {
  readonly heads: readonly string[];
}

/** @param host where it listens. @throws ConfigError naming all that is missing */
export async function headPlace(settings: Settings, host: string): Promise<HeadPlace> {
  const needs = new Needs(settings);
  needs.loopback('--listen', host);
  const databaseUrl = needs.given('DATABASE_URL (or POSTGRES_HOST)', databaseUrlOf(settings) ?? undefined);
  return { ...(await needs.place()), databaseUrl };
}

/** @throws ConfigError naming all that is missing */
export async function agentPlace(settings: Settings): Promise<AgentPlace> {
  const needs = new Needs(settings);
  const host = settings.TRAINER_ADVERTISED_HOST;
  needs.loopback('TRAINER_ADVERTISED_HOST', host);
  const folder = needs.given('TRAINER_HOME', settings.TRAINER_HOME);
  await needs.folder('TRAINER_HOME', folder);
  const heads = needs.heads();
  return { ...(await needs.place()), heads, folder, host };
}

/** @throws ConfigError naming all that is missing */
export async function gatewayPlace(settings: Settings): Promise<GatewayPlace> {
  const needs = new Needs(settings);
  const heads = needs.heads();
  return { ...(await needs.place()), heads };
}

/** After `is not set; give`. */
const WHAT_TO_GIVE = {
  'DATABASE_URL (or POSTGRES_HOST)': "the cluster's PostgreSQL, such as postgresql://user:password@host:5432/trainer",
  TRAINER_HOME: "a folder of this agent's own",
  TRAINER_HEADS: 'host:port of each head, separated by commas',
  TRAINER_SECRET_FILE: "the file with the cluster's secret, the same for all parts; only its owner may read it",
  NATS_URL: 'the address of nats-server, such as nats://host:4222',
  'MINIO_ENDPOINT (or TRAINER_OBJECTS)':
    'host:port of the S3 server of datasets, models and logs, or a folder of this machine for them, the same for all parts',
} as const;

/** Collects all that is missing or wrong before it is said. */
class Needs {
  readonly #problems: ConfigProblem[] = [];

  constructor(private readonly settings: Settings) {}

  given(name: keyof typeof WHAT_TO_GIVE, value: string | undefined): string {
    if (value === undefined) this.#problems.push({ name, problem: `is not set; give ${WHAT_TO_GIVE[name]}`, from: null });
    return value ?? '';
  }

  heads(): readonly string[] {
    const heads = listOf(this.given('TRAINER_HEADS', this.settings.TRAINER_HEADS));
    const wrong = heads.find((head) => !/^(\[[0-9a-f:.]+\]|[^:\s]+):\d{1,5}$/i.test(head));
    if (wrong !== undefined) this.#wrong('TRAINER_HEADS', `'${wrong}' is not host:port`);
    return heads;
  }

  /** Objects in a folder are seen on this machine alone. */
  loopback(name: string, host: string): void {
    if (s3ConfigOf(this.settings) === null && !isLoopback(host))
      this.#wrong(
        name,
        `${host} is not of this machine alone, and objects in a folder (TRAINER_OBJECTS) are; use 127.0.0.1, or S3 (MINIO_ENDPOINT)`,
      );
  }

  /** Makes a folder that the operator names, where it is missing. */
  async folder(name: string, path: string): Promise<void> {
    const problem = path === '' ? null : await folderProblem(path);
    if (problem !== null) this.#wrong(name, problem);
  }

  async place(): Promise<ClusterPlace> {
    const secret = await this.#secret();
    const url = this.given('NATS_URL', this.settings.NATS_URL);
    const store = s3ConfigOf(this.settings) ?? (await this.#folderStore());
    if (this.#problems.length > 0) throw new ConfigError(this.#problems);
    return { secret, nats: natsAddress(url, secret), store };
  }

  async #folderStore(): Promise<ObjectStoreConfig> {
    const path = this.given('MINIO_ENDPOINT (or TRAINER_OBJECTS)', this.settings.TRAINER_OBJECTS);
    await this.folder('TRAINER_OBJECTS', path);
    return { kind: 'folder', path };
  }

  #wrong(name: string, problem: string): void {
    this.#problems.push({ name, problem, from: name.startsWith('-') ? null : 'environment' });
  }

  /** The control plane's secret; a file that others may read is none. */
  async #secret(): Promise<string> {
    const { TRAINER_SECRET_FILE: named, TRAINER_HOME: home } = this.settings;
    const file = named ?? (home === undefined ? undefined : join(home, 'secret'));
    if (file === undefined) return this.given('TRAINER_SECRET_FILE', undefined);
    const read = await readPrivate(file);
    if ('problem' in read) this.#problems.push({ name: 'TRAINER_SECRET_FILE', problem: read.problem, from: null });
    return 'text' in read ? read.text : '';
  }
}

/** Makes a folder where it is missing. @returns why it can't be, or null */
export async function folderProblem(path: string): Promise<string | null> {
  return makeFolders(path).then(
    () => null,
    (error: unknown) => `${path} can't be made (${codeOf(error) ?? String(error)}); name another folder, or fix its permissions`,
  );
}

/** Rights of group and others. */
const OTHERS = 0o077;

async function readPrivate(file: string): Promise<{ readonly text: string } | { readonly problem: string }> {
  const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) => error.code ?? 'error');
  if (typeof handle === 'string') return { problem: `the secret ${file} can't be read (${handle})` };
  try {
    const { mode } = await handle.stat();
    if ((mode & OTHERS) !== 0) return { problem: `others may read ${file}; chmod 600 it, and make a new secret` };
    const text = (await handle.readFile('utf8')).trim();
    return text === '' ? { problem: `${file} is empty` } : { text };
  } finally {
    await handle.close();
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
