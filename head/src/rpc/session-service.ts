import type { ServerDuplexStream } from '@grpc/grpc-js';
import { sessionId, toErrorData } from '@trainer/model';
import type { SessionId } from '@trainer/model';
import type { Logger } from '@trainer/runtime';
import { decodeProtocol, encodeErrorData } from '@trainer/wire';
import type { pb, SessionServiceServer } from '@trainer/wire';
import type { ClusterLoop } from '../loop/cluster-loop.js';
import type { Sessions } from '../sessions/sessions.js';
import { StoreUnavailableError } from '../store/errors.js';
import { refusal } from './answering.js';
import { checkProtocol } from './protocol.js';

export interface SessionRules {
  readonly sessions: Sessions;
  readonly loop: ClusterLoop;
  readonly graceMs: number;
  readonly version: string;
  readonly logger: Logger;
}

type Call = ServerDuplexStream<pb.FromSession, pb.ToSession>;

export function sessionService(rules: SessionRules): SessionServiceServer {
  return { attach: (call) => attach(rules, call) };
}

function attach(rules: SessionRules, call: Call): void {
  let session: SessionId | null = null;
  // One message after the other: a close must not overtake its hello.
  let work: Promise<void> = Promise.resolve();
  let isGone = false;
  const fail = (error: unknown): void => {
    // The client tries again: the session stands, and so does its grace.
    if (error instanceof StoreUnavailableError) {
      call.emit('error', refusal(rules.logger, error));
      return;
    }
    rules.logger.info('a session was refused', { error });
    if (call.writable) call.write({ message: { $case: 'refused', value: encodeErrorData(toErrorData(error)) } });
    call.end();
  };
  const leave = (): void => {
    if (isGone) return;
    isGone = true;
    void work.then(() => {
      if (session !== null) rules.sessions.detach(session);
    });
  };
  const handle = async (message: pb.FromSession['message']): Promise<void> => {
    if (message?.$case === 'hello' && session === null) {
      checkProtocol(decodeProtocol(message.value.protocol, 'sessionHello.protocol'), rules.version);
      const id = sessionId(message.value.session);
      await rules.sessions.attach(id);
      session = id;
      call.write({ message: { $case: 'welcome', value: { headEpoch: rules.loop.state.headEpoch, graceMs: rules.graceMs } } });
    } else if (message?.$case === 'close' && session !== null) {
      await rules.sessions.end(session);
      call.end();
    }
  };
  call.on('data', ({ message }: pb.FromSession) => {
    if (message?.$case === 'beat') {
      if (call.writable) call.write({ message: { $case: 'echo', value: message.value } });
      return;
    }
    work = work.then(() => handle(message)).catch(fail);
  });
  call.on('end', () => {
    leave();
    void work.then(() => call.end());
  });
  call.on('cancelled', leave);
  call.on('error', leave);
}
