import { toErrorData, type Clock } from '@trainer/model';
import { GrpcServer, type PortRange } from '@trainer/runtime';
import {
  ActorCallsService,
  checkRequest,
  decodeProtocol,
  encodeErrorData,
  errorToStatus,
  type ActorCallsServer,
  type pb,
} from '@trainer/wire';
import type { Caller } from '../calls/caller.js';
import type { Callers } from '../calls/callers.js';
import { UnauthenticatedError } from '../calls/errors.js';
import { AnswerStream, type CallsStream, type OnUnsent } from './answer-stream.js';

/** A connection that does not introduce itself in this time is closed, whether it has begun a stream or not. */
const HELLO_MS = 10_000;

export interface ListenerOptions {
  readonly clock: Clock;
  readonly host: string;
  readonly ports: PortRange;
  readonly callers: () => Callers | null;
  readonly onUnsent: OnUnsent;
}

/** The actor's own gRPC listener. Calls are taken once `callers` is there. @throws ListenError */
export async function openListener(options: ListenerOptions): Promise<{ server: GrpcServer; port: number }> {
  const unproven = { clock: options.clock, ms: HELLO_MS };
  const server = new GrpcServer({ secret: null, toStatus: errorToStatus, check: checkRequest, unproven });
  const service: ActorCallsServer = { connect: (stream) => serve(stream, options, () => server.proven(stream.getPeer())) };
  server.addService(ActorCallsService, service);
  const port = await server.listen(options.host, options.ports);
  return { server, port };
}

/** @param known told when the caller has shown this incarnation's token */
function serve(stream: CallsStream, options: ListenerOptions, known: () => void): void {
  const link = new AnswerStream(stream, options.onUnsent);
  let caller: Caller | null = null;
  // What was on its way when a stream ended is nobody's: nothing more is run for it, and no stream waits for its reader.
  let isOver = false;
  const helloTimer = options.clock.after(HELLO_MS, () => refused(new Error('No hello came in time.')));
  const over = (): void => {
    isOver = true;
    helloTimer.cancel();
    caller?.detach(link);
    link.close();
  };
  const refused = (error: unknown): void => {
    if (isOver) return;
    stream.write({ welcome: undefined, answers: [], refused: encodeErrorData(toErrorData(error)) });
    over();
  };
  stream.on('data', (batch: pb.CallBatch) => {
    if (isOver) return;
    try {
      if (caller === null) {
        helloTimer.cancel();
        caller = introduce(batch, link, options);
        known();
        link.welcome();
      }
      caller.receive(batch);
    } catch (error) {
      refused(error);
    }
  });
  stream.on('end', over);
  stream.on('close', over);
  stream.on('cancelled', over);
  stream.on('error', over);
}

function introduce(batch: pb.CallBatch, link: AnswerStream, options: ListenerOptions): Caller {
  const callers = options.callers();
  if (batch.hello === undefined) throw new Error('The first batch must carry the hello.');
  // Who calls before this actor has said where it is looks for another one, whose port it had before.
  if (callers === null) throw new UnauthenticatedError();
  const { caller, token, protocol, written } = batch.hello;
  return callers.welcome({ caller, token, protocol: decodeProtocol(protocol, 'hello.protocol'), written }, link);
}
