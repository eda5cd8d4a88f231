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
  /** Under which URLs it is reached, beside loopback, such as `https://trainer.example`. Other host names are refused. */
  readonly publicUrls: readonly string[];
  /**
   * Names that a private network gives this service, such as `trainer` in Compose or the machine's own: listening beyond loopback it
   * answers to them too. A page can lead a browser here only by names of its own domain, which these are not.
   */
  readonly privateNames: readonly string[];
  /** Origins whose pages may use the service, beside its own and those of loopback. */
  readonly corsOrigins: readonly string[];
  /**
   * `token`: every request shows one; `off`: an operator says that the network is private; `loopback`: neither, and others may not
   * reach it.
   */
  readonly auth: 'token' | 'off' | 'loopback';
  /** Signs links of downloads; as a token it opens everything. */
  readonly clusterSecret: string;
  /** Largest dataset that PUT /data takes, in bytes. */
  readonly uploadLimitBytes: number;
  /** Uploads at once: each has an open file and some 100 KiB of buffers. */
  readonly mostUploads: number;
  /** Connections at once, each a descriptor and some 20 KiB; for one more the slowest is closed (http/connection-room.ts). */
  readonly mostConnections: number;
  /** A body of which nothing comes for so long is given up. */
  readonly bodyIdleMs: number;
  /** How long headers may take, and the whole body of a request that is not an upload. */
  readonly requestWithinMs: number;
  /** Of GET /data/{data_id}. */
  readonly profile: {
    /** How long a dataset may take, with the wait for room in the cluster. */
    readonly withinMs: number;
    /** The most memory that the actor which reads may hold. */
    readonly memoryBytes: number;
    /** Datasets that are looked at at once; equal requests share one look. */
    readonly most: number;
  };
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
