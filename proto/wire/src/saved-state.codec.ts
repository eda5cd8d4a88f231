import type { ActorSpec, SavedState } from '@trainer/model';
import type { FieldPath } from './errors.js';
import { asBuffer, present, unknownCase } from './fields.js';
import type * as pb from './gen/trainer/v1/agent.js';

/** On the wire 0 stands for `'call'`. */
export function encodeCheckpointEvery(every: ActorSpec['checkpointEvery']): number {
  return every === 'call' ? 0 : Math.max(1, Math.round(every));
}

export function decodeCheckpointEvery(wire: number): ActorSpec['checkpointEvery'] {
  return wire === 0 ? 'call' : wire;
}

export function encodeSavedState(state: SavedState): pb.SavedState {
  switch (state.kind) {
    case 'inline':
      return { state: { $case: 'inline', value: asBuffer(state.bytes) } };
    case 'object': {
      const { bucket, key, bytes } = state;
      return { state: { $case: 'object', value: { bucket, key, bytes } } };
    }
  }
}

/** @throws WireFormatError */
export function decodeSavedState(wire: pb.SavedState, at: FieldPath): SavedState {
  const state = present(wire.state, at);
  switch (state.$case) {
    case 'inline':
      return { kind: 'inline', bytes: state.value };
    case 'object':
      return { kind: 'object', ...state.value };
    default:
      return unknownCase(state, at);
  }
}
