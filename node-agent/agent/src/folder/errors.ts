import { TrainerError } from '@trainer/model';

/** Another agent that lives owns the folder. */
export class FolderInUseError extends TrainerError<'agent.folder-in-use', { folder: string; pid: number }> {
  constructor(folder: string, pid: number) {
    super('agent.folder-in-use', `The agent's folder ${folder} is used by process ${pid}; stop it, or give this agent another folder.`, {
      folder,
      pid,
    });
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
