import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { encodeModel } from '../onnx/protobuf.js';

/** Rows that are run through the exported model at most (models.md): enough to meet every path of common trees, and quick. */
export const VERIFIED_ROWS = 2_000;

/** How every session is opened: the rows are few, and a pool of threads costs more to start than they do. */
export const SESSION_OPTIONS: InferenceSession.SessionOptions = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 };

/** onnxruntime, opened in the background: `prepareVerifier` starts it, the export awaits it. */
export interface Verifier {
  readonly runtime: Promise<Runtime>;
}
interface Runtime {
  readonly InferenceSession: typeof InferenceSession;
  readonly Tensor: typeof Tensor;
}

/**
 * Starts opening onnxruntime: 70 ms to load and 80 ms for its first session, most of it on this thread. Call it while the data
 * is read, so that the export need not wait; a failure to load shows in the export.
 */
export function prepareVerifier(): Verifier {
  const runtime = openRuntime();
  // The export awaits it; until then a failure has no other listener and must not end the process.
  runtime.catch(() => undefined);
  return { runtime };
}

async function openRuntime(): Promise<Runtime> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const value = { type: 'float', shape: [1] } as const;
  const node = { operator: 'Identity', domain: '', inputs: ['in'], outputs: ['out'], attributes: [] } as const;
  const smallest = encodeModel(
    { name: 'smallest', inputs: [{ ...value, name: 'in' }], outputs: [{ ...value, name: 'out' }], constants: [], nodes: [node] },
    [],
  );
  const session = await InferenceSession.create(smallest, SESSION_OPTIONS);
  await session.release();
  return { InferenceSession, Tensor };
}
