import type { InferenceSession, Tensor } from 'onnxruntime-node';

/** Rows that are run through the exported model at most (models.md): enough to meet every path of common trees, and quick. */
export const VERIFIED_ROWS = 2_000;

/** onnxruntime, opened in the background: `prepareVerifier` starts it, the export awaits it. */
export interface Verifier {
  readonly runtime: Promise<{ readonly InferenceSession: typeof InferenceSession; readonly Tensor: typeof Tensor }>;
}

/**
 * Starts loading onnxruntime (100-500 ms, in part on this thread). Call it while the data loads, so that the export need not
 * wait; a failure to load shows in the export.
 */
export function prepareVerifier(): Verifier {
  const runtime = import('onnxruntime-node').then(({ InferenceSession, Tensor }) => ({ InferenceSession, Tensor }));
  // The export awaits it; until then a failure has no other listener and must not end the process.
  runtime.catch(() => undefined);
  return { runtime };
}
