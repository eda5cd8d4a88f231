import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { ServerUnavailableError } from './errors.js';

/** As whom PostgreSQL runs. */
export interface PostgresUser {
  /** What its command line begins with; empty to run as we do. */
  readonly command: readonly string[];
}

/** A user without rights that every Linux has. */
const NOBODY = 65_534;

/**
 * We become `nobody` of a user namespace: outside, the files stay ours, and PostgreSQL does not see that it is root, or that its
 * user has no name. The user must be one that the system knows by name, because initdb asks for it.
 */
const IN_NAMESPACE = ['unshare', '--user', `--map-user=${String(NOBODY)}`];

/**
 * Root becomes `nobody`, which keeps the one right to pass by the rights of files, so that it reaches a data folder and
 * binaries below folders that only root may enter. Where namespaces are forbidden, as in most containers.
 */
const AS_NOBODY = [
  'setpriv',
  `--reuid=${String(NOBODY)}`,
  `--regid=${String(NOBODY)}`,
  '--clear-groups',
  '--inh-caps=+dac_override',
  '--ambient-caps=+dac_override',
];

/**
 * Finds out how PostgreSQL, which refuses to be root, can run here. Existing data keeps the way that made it, as the files
 * must belong to whom it runs as.
 * @param data its data folder, which may not be there yet
 * @throws ServerUnavailableError for a root who may neither make a user namespace nor become another user
 */
export async function postgresUser(data: string, path: string): Promise<PostgresUser> {
  if (process.getuid?.() !== 0) return unprivileged(path);
  const owner = await stat(data).then(
    (found) => found.uid,
    () => null,
  );
  if (owner !== NOBODY && (await works(IN_NAMESPACE, path))) return { command: IN_NAMESPACE };
  if (owner !== 0 && (await works(AS_NOBODY, path))) return { command: AS_NOBODY };
  throw new ServerUnavailableError(
    'PostgreSQL',
    'it refuses to run as root, and this system lets root neither make a user namespace (unshare) nor become another user (setpriv): ' +
      'start as another user, or set DATABASE_URL to a server of yours.',
  );
}

/** @throws ServerUnavailableError for a user id without a name, as containers may have, where there are no namespaces */
async function unprivileged(path: string): Promise<PostgresUser> {
  if (hasName()) return { command: [] };
  if (await works(IN_NAMESPACE, path)) return { command: IN_NAMESPACE };
  throw new ServerUnavailableError(
    'PostgreSQL',
    `it wants a user that the system knows by name, and user ${String(process.getuid?.())} is none: start as one that stands in /etc/passwd, or set DATABASE_URL.`,
  );
}

function hasName(): boolean {
  try {
    return userInfo().username !== '';
  } catch {
    // How Node says that the user database has no such id.
    return false;
  }
}

function works(line: readonly string[], path: string): Promise<boolean> {
  const [command = '', ...args] = line;
  return new Promise((resolve) => {
    execFile(command, [...args, 'true'], { env: { PATH: path }, timeout: 5_000 }, (error) => resolve(error === null));
  });
}
