import type { HeadConnection } from '@trainer/client/internal';
import type { Output } from '../terminal/output.js';

/** A command is a use of a running cluster: its door, and where to write. */
export interface Cluster {
  readonly head: HeadConnection;
  /** Address of REST, such as http://127.0.0.1:8002; null when the cluster runs without a gateway. */
  readonly restUrl: string | null;
  /** What REST asks for where it asks for tokens. */
  readonly authorization: { readonly authorization: string };
  readonly output: Output;
}
