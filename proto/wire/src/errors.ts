import { TrainerError } from '@trainer/model';

/** Names a field inside a message, such as `placeRequest.action.grant.gpus[2].milli`. */
export type FieldPath = string;

/** Bytes or a message from another process break the protocol; nothing of them was used. */
export class WireFormatError extends TrainerError<'wire.format', { path: FieldPath }> {
  constructor(path: FieldPath, why: string, options?: { cause?: unknown }) {
    super('wire.format', `${path}: ${why}.`, { path }, 'never', options);
  }
}

/** A value that cannot leave its process: `type` says what it is, `path` where it lies. */
export class NotTransferableError extends TrainerError<'value.not-transferable', { path: string; type: string }> {
  constructor(path: string, type: string) {
    super(
      'value.not-transferable',
      `${path} is ${type}, which cannot be sent. Send null, booleans, numbers, bigints, strings, Dates, typed arrays, arrays, plain objects, Maps, Sets or handles.`,
      { path, type },
    );
  }
}

/** A value above the limit of one message. */
export class ValueTooLargeError extends TrainerError<'value.too-large', { path: string; limitBytes: number }> {
  constructor(path: string, limitBytes: number) {
    const mib = Math.round((limitBytes / 2 ** 20) * 1000) / 1000;
    super('value.too-large', `${path} is above ${mib} MiB; send it in parts, or as an object of the store.`, { path, limitBytes });
  }
}
