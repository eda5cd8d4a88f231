import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeId, type NodeId } from '@trainer/model';
import { isLock, newNodeId, takeProcessLock, type ProcessLockOptions } from '@trainer/runtime';
import { asDiskError } from './disk-full.js';
import { FolderInUseError, IdentityDamagedError } from './errors.js';

/** Who this node is, and how often its agent has started. */
export interface Identity {
  readonly node: NodeId;
  readonly incarnation: number;
  /** The newest headEpoch seen by any incarnation: an older head is refused after a restart too. */
  readonly newestHeadEpoch: number;
}

/** An agent's folder, locked. */
export interface AgentFolder {
  readonly identity: Identity;
  readonly groupsFolder: string;
  readonly scratchFolder: string;
  readonly bundlesFolder: string;
  /** What ranks keep of datasets. They look after it themselves. */
  readonly datasetCacheFolder: string;
  readonly codeCacheFolder: string;
  readonly factsFile: string;
  /** Durable before it returns. @throws DiskFullError */
  saveHeadEpoch(headEpoch: number): void;
  /** Gives the lock back. Idempotent. */
  close(): Promise<void>;
}

/**
 * Locks the folder and counts a new incarnation.
 * @param succession how long an agent that is still ending on it is waited for
 * @throws FolderInUseError, IdentityDamagedError, DiskFullError
 */
export async function openAgentFolder(folder: string, succession: ProcessLockOptions): Promise<AgentFolder> {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const lock = await takeProcessLock(join(folder, 'agent.lock'), succession);
    if (!isLock(lock)) throw new FolderInUseError(folder, lock);
    try {
      return opened(folder, () => lock.release());
    } catch (error) {
      await lock.release();
      throw error;
    }
  } catch (error) {
    throw asDiskError(folder, error);
  }
}

function opened(folder: string, close: () => Promise<void>): AgentFolder {
  const file = join(folder, 'node.json');
  const before = readIdentity(file);
  let identity: Identity = { ...before, incarnation: before.incarnation + 1 };
  writeDurably(file, JSON.stringify(identity));
  const scratchFolder = join(folder, 'scratch');
  rmSync(scratchFolder, { recursive: true, force: true });
  mkdirSync(scratchFolder, { mode: 0o700 });
  return {
    identity,
    groupsFolder: join(folder, 'groups'),
    scratchFolder,
    bundlesFolder: join(folder, 'bundles'),
    datasetCacheFolder: join(folder, 'datasets'),
    codeCacheFolder: join(folder, 'code-cache'),
    factsFile: join(folder, 'facts'),
    saveHeadEpoch: (headEpoch) => {
      if (headEpoch <= identity.newestHeadEpoch) return;
      const newer = { ...identity, newestHeadEpoch: headEpoch };
      try {
        writeDurably(file, JSON.stringify(newer));
      } catch (error) {
        throw asDiskError(folder, error);
      }
      identity = newer;
    },
    close,
  };
}

function readIdentity(file: string): Identity {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { node: newNodeId(randomBytes), incarnation: 0, newestHeadEpoch: 0 };
    throw new IdentityDamagedError(file, error);
  }
  try {
    const { node, incarnation, newestHeadEpoch } = JSON.parse(text) as Record<string, unknown>;
    if (!Number.isSafeInteger(incarnation) || !Number.isSafeInteger(newestHeadEpoch)) throw new TypeError('its numbers are not whole');
    return { node: nodeId(String(node)), incarnation: Number(incarnation), newestHeadEpoch: Number(newestHeadEpoch) };
  } catch (error) {
    throw new IdentityDamagedError(file, error);
  }
}

function writeDurably(file: string, text: string): void {
  const partial = `${file}.partial`;
  const target = openSync(partial, 'w', 0o600);
  try {
    writeFileSync(target, text);
    fsyncSync(target);
  } finally {
    closeSync(target);
  }
  renameSync(partial, file);
}
