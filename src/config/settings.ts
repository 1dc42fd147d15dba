/** Where to listen. Without a host: every address, IPv6 and IPv4. Port 0 lets the system choose. */
export interface ListenAddress {
  readonly host: string | undefined;
  readonly port: number;
}

/** Where Redis is. */
export interface RedisTarget {
  readonly mode: "single" | "sentinel" | "cluster";
  /** Of Redis itself, of sentinels, or of some nodes of a cluster. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  /** Name of the master that sentinels watch. */
  readonly masterName: string | undefined;
  readonly username: string | undefined;
  readonly database: number;
  readonly tls: boolean;
}

/** What to do about a way of not knowing. */
export const Action = { Allow: "Allow", Block: "Block", Error: "Error" } as const;
export type Action = (typeof Action)[keyof typeof Action];

/** How many workers: a number, or as many as there are cores. */
export type WorkerCount = number | "auto";

/**
 * The settings of the process: plain, deep-frozen data. Durations are milliseconds, sizes and
 * `…Bytes` are bytes; what each means, and its default, is said once, in `catalogue.ts`.
 */
export interface Settings {
  readonly listen: {
    readonly icap: readonly ListenAddress[];
    /** Used only when `tls.certFile` is set. */
    readonly icaps: readonly ListenAddress[];
    readonly tls: {
      readonly certFile: string | undefined;
      readonly keyFile: string | undefined;
      readonly clientCaFile: string | undefined;
      readonly minVersion: "TLSv1.2" | "TLSv1.3";
    };
    readonly proxyProtocol: { readonly trusted: readonly string[] };
  };
  readonly limits: {
    readonly maxConnections: number;
    readonly maxConnectionsPerClient: number;
    readonly headTimeout: number;
    readonly bodyTimeout: number;
    readonly idleTimeout: number;
    readonly writeTimeout: number;
    readonly halfClosedTimeout: number;
    /** 0 means no limit. */
    readonly maxRequestsPerConnection: number;
    readonly maxConnectionAge: number;
    readonly tcpKeepAlive: number;
    readonly transactionTimeout: number;
  };
  readonly wire: {
    readonly requestLineBytes: number;
    readonly headBytes: number;
    readonly headFields: number;
    readonly encapsulatedBytes: number;
    readonly chunkLineBytes: number;
    readonly trailerBytes: number;
    readonly previewBytes: number;
    readonly pipelined: number;
  };
  readonly spool: {
    readonly memoryBytes: number;
    readonly memoryBudget: number;
    readonly diskBudget: number;
    /** Undefined: the temporary directory of the system. */
    readonly directory: string | undefined;
  };
  readonly scan: {
    readonly maxEntityBytes: number;
    /** 0: never. */
    readonly overlapBytes: number;
    readonly timeout: number;
    readonly workers: WorkerCount;
    /** Undefined: the rules that come with Sluice. */
    readonly rulesDirectory: string | undefined;
    readonly hashList: string | undefined;
    readonly archive: {
      readonly depth: number;
      readonly entries: number;
      readonly totalBytes: number;
      readonly entryBytes: number;
      readonly ratio: number;
      readonly cpuTime: number;
    };
  };
  readonly resources: {
    /** Files and directories; none: the built-in services. */
    readonly files: readonly string[];
    readonly poll: number;
  };
  readonly cache: {
    readonly enabled: boolean;
    readonly memory: number;
    readonly memoryTtl: number;
    readonly hmacKeyFile: string | undefined;
    readonly redis: {
      /** Undefined: no Redis. */
      readonly url: RedisTarget | undefined;
      readonly passwordFile: string | undefined;
      readonly sentinelPasswordFile: string | undefined;
      readonly caFile: string | undefined;
      readonly certFile: string | undefined;
      readonly keyFile: string | undefined;
      readonly prefix: string | undefined;
      readonly readTimeout: number;
      readonly connectTimeout: number;
    };
  };
  readonly background: {
    readonly maxScans: number;
    readonly maxBytes: number;
    readonly uploads: number;
  };
  readonly events: {
    readonly webhook: {
      /** Undefined: nobody is told. */
      readonly url: string | undefined;
      readonly tokenFile: string | undefined;
      readonly caFile: string | undefined;
      readonly timeout: number;
      readonly verdicts: "Threats" | "All";
    };
  };
  readonly secrets: {
    /** Undefined: secrets come from the environment alone. */
    readonly directory: string | undefined;
  };
  readonly services: {
    readonly preview: number;
    readonly optionsTtl: number;
    /** `auto`: `limits.maxConnectionsPerClient`. */
    readonly maxConnections: number | "auto";
    readonly on: {
      readonly error: Action;
      readonly timeout: Action;
      readonly oversize: Action;
      readonly unscannable: Action;
      readonly suspicious: Action;
      readonly unknown: Action;
    };
    readonly violationsHeader: boolean;
    readonly logIdentity: boolean;
    readonly block: {
      readonly status: number;
      readonly templateFile: string | undefined;
      readonly contact: string | undefined;
    };
  };
  /** Address undefined: no admin port. */
  readonly admin: {
    readonly address: ListenAddress | undefined;
    /** Both undefined: HTTP without TLS. */
    readonly tls: { readonly certFile: string | undefined; readonly keyFile: string | undefined };
    /** Undefined: the API is off. */
    readonly tokenFile: string | undefined;
  };
  readonly log: {
    readonly level: "debug" | "info" | "warn" | "error" | "silent";
    readonly transactions: boolean;
    readonly banner: boolean;
  };
  readonly workers: WorkerCount;
  readonly drain: {
    readonly delay: number;
    readonly timeout: number;
    readonly idleSpread: number;
  };
}
