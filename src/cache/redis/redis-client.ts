import type {
  Cluster,
  ClusterNode,
  ClusterOptions,
  DNSLookupFunction,
  Redis,
  RedisOptions,
} from "ioredis";
import type { RedisTarget } from "./redis-target.ts";

export interface RedisTls {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly serverName?: string | undefined;
}

export interface RedisClientOptions {
  readonly target: RedisTarget;
  /** Asked for each client that is made, so that a password can be replaced while this runs. */
  readonly password: () => string | undefined;
  readonly sentinelPassword: () => string | undefined;
  /** Undefined: the certificate authorities of the system. Used where the target says TLS. */
  readonly tls?: RedisTls | undefined;
  readonly connectTimeoutMs: number;
}

export type RedisClient = Redis | Cluster;

/** A connection that has a command under way and hears nothing is a dead one. */
const SILENCE_MS = 5000;
const KEEP_ALIVE_MS = 10_000;
const MAX_REDIRECTIONS = 4;
const MAX_RETRY_MS = 2000;
const SLOTS_TIMEOUT_MS = 2000;

/**
 * Makes a client that never keeps a caller waiting for a connection: without one, commands fail at
 * once. It connects by itself, again and again, in the background.
 */
export async function createRedisClient(options: RedisClientOptions): Promise<RedisClient> {
  // Loaded here: most that run Sluice on one machine have no Redis.
  const { Redis, Cluster } = await import("ioredis");
  const { target } = options;
  return target.mode === "cluster"
    ? new Cluster([...target.nodes] as ClusterNode[], clusterOptions(options))
    : new Redis(singleOptions(options));
}

function commonOptions({ target, tls, connectTimeoutMs, password }: RedisClientOptions) {
  return {
    connectTimeout: connectTimeoutMs,
    socketTimeout: SILENCE_MS,
    keepAlive: KEEP_ALIVE_MS,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // Nobody would catch its failure, and that ends the process; `RedisConnection` subscribes again.
    autoResubscribe: false,
    disableClientInfo: true,
    // Proxies for Redis know HELLO less often than AUTH.
    protocol: 2,
    // An empty password is none.
    ...(target.username !== undefined && { username: target.username }),
    password: password() ?? "",
    ...(target.tls && { tls: tlsOptions(tls) }),
  } satisfies RedisOptions;
}

function tlsOptions({ ca, cert, key, serverName }: RedisTls = {}) {
  return {
    minVersion: "TLSv1.2",
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(serverName !== undefined && { servername: serverName }),
  } as const;
}

function singleOptions(options: RedisClientOptions) {
  const { target, sentinelPassword } = options;
  const [first] = target.nodes;
  return {
    ...commonOptions(options),
    ...(target.mode === "sentinel"
      ? {
          sentinels: [...target.nodes],
          name: target.masterName ?? "",
          sentinelPassword: sentinelPassword() ?? "",
          enableTLSForSentinelMode: target.tls,
        }
      : { host: first?.host ?? "", port: first?.port ?? 0 }),
    db: target.database,
    enableAutoPipelining: true,
    lazyConnect: true,
    // After a failover the next connection leads to the new master.
    reconnectOnError: ({ message }) => message.startsWith("READONLY"),
    retryStrategy: retryMs,
    sentinelRetryStrategy: retryMs,
  } satisfies RedisOptions;
}

function clusterOptions(options: RedisClientOptions) {
  const { target } = options;
  return {
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    lazyConnect: true,
    maxRedirections: MAX_REDIRECTIONS,
    slotsRefreshTimeout: SLOTS_TIMEOUT_MS,
    clusterRetryStrategy: retryMs,
    // Names must stay names where certificates are checked.
    ...(target.tls && { dnsLookup: asIs }),
    redisOptions: commonOptions(options),
  } satisfies ClusterOptions;
}

const asIs: DNSLookupFunction = (address, callback) => callback(null, address);

function retryMs(times: number): number {
  return Math.min(50 * 2 ** Math.min(times, 10), MAX_RETRY_MS) * (0.75 + Math.random() / 2);
}
