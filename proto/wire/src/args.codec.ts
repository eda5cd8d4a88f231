import { actorId, MAX_ARGS_BYTES, type ActorArgs, type ActorId, type StoredArgs } from '@trainer/model';
import { WireFormatError, type FieldPath } from './errors.js';
import { asBuffer, parsed, present } from './fields.js';
import type * as pb from './gen/trainer/v1/common.js';
import type { ArgsRef } from './gen/trainer/v1/actors.js';

/** The two fields of a message in which constructor arguments travel, of which one is used. */
interface ArgsFields {
  readonly args: Buffer;
  readonly storedArgs?: pb.StoredArgs | undefined;
}

export function encodeArgs(args: ActorArgs): { args: Buffer; storedArgs: pb.StoredArgs | undefined } {
  switch (args.kind) {
    case 'inline':
      return { args: asBuffer(args.bytes), storedArgs: undefined };
    case 'stored':
      return { args: Buffer.alloc(0), storedArgs: { bytes: args.bytes, sha256: args.sha256 } };
  }
}

/** @throws WireFormatError */
export function decodeArgs({ args, storedArgs }: ArgsFields, at: FieldPath): ActorArgs {
  if (storedArgs === undefined) return { kind: 'inline', bytes: args };
  if (args.length > 0) throw new WireFormatError(`${at}.args`, 'is given beside storedArgs; give one of them');
  return { kind: 'stored', ...decodeStoredArgs(storedArgs, `${at}.storedArgs`) };
}

function decodeStoredArgs(wire: pb.StoredArgs | undefined, at: FieldPath): StoredArgs {
  const { bytes, sha256 } = present(wire, at);
  if (bytes < 1 || bytes > MAX_ARGS_BYTES) {
    throw new WireFormatError(`${at}.bytes`, `is ${bytes}; arguments of a constructor have at most ${MAX_ARGS_BYTES / 2 ** 20} MiB`);
  }
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new WireFormatError(`${at}.sha256`, 'is not a SHA-256 of 64 hex digits');
  return { bytes, sha256 };
}

/** Whose arguments are uploaded or fetched. */
export interface ArgsOf {
  readonly actor: ActorId;
  readonly args: StoredArgs;
}

export function encodeArgsRef({ actor, args }: ArgsOf): ArgsRef {
  return { actor, args: { bytes: args.bytes, sha256: args.sha256 } };
}

/** @throws WireFormatError */
export function decodeArgsRef(wire: ArgsRef | undefined, at: FieldPath = 'of'): ArgsOf {
  const { actor, args } = present(wire, at);
  return { actor: parsed(actorId, actor, `${at}.actor`), args: decodeStoredArgs(args, `${at}.args`) };
}
