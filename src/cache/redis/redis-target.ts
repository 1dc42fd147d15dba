/** Where Redis is. */
export interface RedisTarget {
  readonly mode: "single" | "sentinel" | "cluster";
  /** Of Redis itself, of sentinels, or of some nodes of a cluster. */
  readonly nodes: readonly RedisNode[];
  /** Name of the master that sentinels watch. */
  readonly masterName: string | undefined;
  readonly username: string | undefined;
  readonly database: number;
  readonly tls: boolean;
}

export interface RedisNode {
  readonly host: string;
  readonly port: number;
}
