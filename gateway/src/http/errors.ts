import { TrainerError } from '@trainer/model';

/** The page or client used a host name that is not ours (a browser led here through DNS). */
export class HostRefusedError extends TrainerError<'host.refused', { host: string }> {
  constructor(host: string) {
    super('host.refused', `The host name '${host}' is not one of this service's; if it should be, add its URL to TRAINER_PUBLIC_URL.`, {
      host,
    });
  }
}

/** A page of a foreign origin tried to change something. */
export class OriginRefusedError extends TrainerError<'origin.refused', { origin: string }> {
  constructor(origin: string) {
    super(
      'origin.refused',
      `Pages of ${origin} may not use this service: to allow it, add it to TRAINER_CORS_ORIGINS, or to TRAINER_PUBLIC_URL if it is this service.`,
      { origin },
    );
  }
}

/** The upload is larger than the service takes. */
export class UploadTooLargeError extends TrainerError<'upload.too-large', { limitBytes: number }> {
  constructor(limitBytes: number) {
    super('upload.too-large', `The upload is larger than ${limitBytes} bytes; raise TRAINER_UPLOAD_LIMIT to take it.`, { limitBytes });
  }
}

/** The upload is a file of a kind that can't be trained on. */
export class NotATableError extends TrainerError<'upload.not-a-table', { what: string }> {
  constructor(what: string, mend: string) {
    super('upload.not-a-table', `The upload is no table: it ${what}. ${mend} Nothing was stored.`, { what });
  }
}

/** The client's connection ended before the body was whole; nothing is kept. */
export class UploadIncompleteError extends TrainerError<'upload.incomplete', { receivedBytes: number }> {
  constructor(receivedBytes: number) {
    super('upload.incomplete', `The upload ended after ${receivedBytes} bytes, before it was whole; nothing was stored. Send it again.`, {
      receivedBytes,
    });
  }
}

/** The client sends nothing more of a request that is not whole. */
export class RequestStalledError extends TrainerError<'request.stalled', { waitedMs: number }> {
  constructor(waitedMs: number) {
    super('request.stalled', `The body was not whole, and nothing more of it came within ${waitedMs / 1000} s; send it again.`, {
      waitedMs,
    });
  }
}

/** As many uploads run as the service takes at once. */
export class UploadsBusyError extends TrainerError<'upload.too-many', { most: number }> {
  constructor(most: number) {
    super('upload.too-many', `${most} uploads are running, which is the most; try again in a moment.`, { most }, 'same');
  }
}

/** The client has left before its answer was there; nobody reads this. */
export class CallerGoneError extends TrainerError<'caller.gone', Record<string, never>> {
  constructor() {
    super('caller.gone', 'The client has closed its connection.', {});
  }
}

/** The client asked for bytes that the file doesn't have. */
export class RangeNotSatisfiableError extends TrainerError<'range.not-satisfiable', { bytes: number }> {
  constructor(bytes: number) {
    super('range.not-satisfiable', `The file has ${bytes} bytes; ask for a range within it.`, { bytes });
  }
}

/** The job has not completed, so that it has no result; the words are those that the platform's page knows. */
export class ResultNotReadyError extends TrainerError<'result.not-ready', { job: string }> {
  constructor(job: string) {
    super('result.not-ready', 'Result not ready', { job });
  }
}

/** The gateway would be open to others than this machine. */
export class UnprotectedAddressError extends TrainerError<'gateway.unprotected', { host: string }> {
  constructor(host: string) {
    super(
      'gateway.unprotected',
      `SERVICE_HOST ${host} is reachable from other machines and REST asks for no token: bind to 127.0.0.1, set AUTH=token, or AUTH=off if the network is private.`,
      { host },
    );
  }
}
