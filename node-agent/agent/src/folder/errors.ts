import { TrainerError } from '@trainer/model';
import type { LockOwner } from '@trainer/runtime';

/** Another agent that lives owns the folder, or one that was killed and does not end. */
export class FolderInUseError extends TrainerError<'agent.folder-in-use', { folder: string; pid: number; isEnding: boolean }> {
  constructor(folder: string, { pid, isEnding }: LockOwner) {
    super(
      'agent.folder-in-use',
      isEnding
        ? `Process ${pid} of the agent that ran on ${folder} before does not end: end it with kill -9 ${pid}, then start again.`
        : `The agent's folder ${folder} is used by process ${pid}; stop it, or give this agent another folder.`,
      { folder, pid, isEnding },
    );
  }
}

/** The folder's record of who this node is can't be read; a new identity would hide what the old one left. */
export class IdentityDamagedError extends TrainerError<'agent.identity-damaged', { file: string }> {
  constructor(file: string, cause: unknown) {
    super('agent.identity-damaged', `${file} can't be read. Remove it to let this machine join as a new node.`, { file }, 'never', {
      cause,
    });
  }
}
