/** What REST needs to know beside its connections. */
export interface GatewaySettings {
  /** Where it listens. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Shown by GET / and /health. */
  readonly serviceName: string;
  readonly version: string;
  readonly buckets: { readonly data: string; readonly models: string };
  /** Origins whose pages may use the service, beside those of loopback. */
  readonly corsOrigins: readonly string[];
  /** `off`: an operator says that the network is private. */
  readonly auth: 'off' | 'loopback';
  /** Largest dataset that PUT /data takes, in bytes. */
  readonly uploadLimitBytes: number;
  /** How long DELETE /train waits for the processes to end (api.md: 5 s). */
  readonly cancelWaitMs: number;
  /** How long GET /health waits for the head; the answer must come within a second. */
  readonly healthTimeoutMs: number;
  /**
   * How long an event stream without events waits before it asks the head for what NATS may have lost; it then sends a comment, so
   * that proxies keep it open.
   */
  readonly eventsFillMs: number;
}
