import { PROTOCOL, TrainerError } from '@trainer/model';
import type { ProtocolVersion } from '@trainer/model';

/** The other side speaks another major version of the protocol. */
export class ProtocolVersionError extends TrainerError<
  'protocol.version',
  { theirs: ProtocolVersion; ours: ProtocolVersion; install: string }
> {
  constructor(theirs: ProtocolVersion, install: string) {
    const [a, b] = [theirs, PROTOCOL].map(({ major, minor }) => `${major}.${minor}`);
    super('protocol.version', `It speaks protocol ${a}, this head ${b}: install version ${install} of Trainer there.`, {
      theirs,
      ours: PROTOCOL,
      install,
    });
  }
}

/** One minor version of skew works. @throws ProtocolVersionError */
export function checkProtocol(theirs: ProtocolVersion, install: string): void {
  if (theirs.major !== PROTOCOL.major || Math.abs(theirs.minor - PROTOCOL.minor) > 1) throw new ProtocolVersionError(theirs, install);
}
