import { TrainerError } from '@trainer/model';

/** `not-run`: the method was not entered and will not be; `unknown`: it has begun. */
export type Outcome = 'not-run' | 'unknown';

/** The class has no such method, or none that may be called from outside. */
export class NoMethodError extends TrainerError<'call.no-method', { className: string; method: string; outcome: 'not-run' }> {
  constructor(className: string, method: string) {
    super('call.no-method', `${className} has no method '${method.slice(0, 200)}' that can be called.`, {
      className,
      method: method.slice(0, 200),
      outcome: 'not-run',
    });
  }
}

/** A generator was called where one value was asked for. */
export class StreamExpectedError extends TrainerError<'call.no-method', { className: string; method: string; outcome: 'unknown' }> {
  constructor(className: string, method: string) {
    super('call.no-method', `${className}.${method} answers with a stream: read it with stream.${method}(...).`, {
      className,
      method,
      outcome: 'unknown',
    });
  }
}

export class DeadlineError extends TrainerError<'call.timeout', { method: string; timeoutMs: number; outcome: Outcome }> {
  constructor(method: string, timeoutMs: number, outcome: Outcome) {
    super(
      'call.timeout',
      `${method} did not end within ${timeoutMs} ms.`,
      { method, timeoutMs, outcome },
      outcome === 'not-run' ? 'same' : 'never',
    );
  }
}

export class CancelledError extends TrainerError<'call.cancelled', { method: string; outcome: Outcome }> {
  constructor(method: string, outcome: Outcome) {
    super('call.cancelled', `${method} was cancelled by its caller.`, { method, outcome }, outcome === 'not-run' ? 'same' : 'never');
  }
}

/** A caller sent more than may wait. */
export class TooManyCallsError extends TrainerError<'queue.full', { limit: number; outcome: 'not-run' }> {
  constructor(what: string, limit: number) {
    super('queue.full', `More than ${limit} ${what} wait in this actor; wait for answers first.`, { limit, outcome: 'not-run' }, 'same');
  }
}

/** The call ran on a link that broke long ago; its answer is no longer kept. */
export class AnswerForgottenError extends TrainerError<'call.cancelled', { method: string; outcome: 'unknown' }> {
  constructor(method: string) {
    super('call.cancelled', `${method} was answered on a link that broke, and its answer is no longer kept.`, {
      method,
      outcome: 'unknown',
    });
  }
}

/** The caller's token is of another incarnation, or of none. */
export class UnauthenticatedError extends TrainerError<'auth.refused', Record<string, never>> {
  constructor() {
    super('auth.refused', "The token is not this incarnation's; ask the head for the actor's address and token again.", {}, 'elsewhere');
  }
}

export class VersionError extends TrainerError<'protocol.version', { here: string; there: string }> {
  constructor(here: string, there: string) {
    super('protocol.version', `The caller speaks protocol ${there}, this actor ${here}; install the same version of Trainer on both.`, {
      here,
      there,
    });
  }
}
