import { RedisVerdictCache } from "../../src/cache/redis/redis-cache.ts";
import type { RedisTls } from "../../src/cache/redis/redis-client.ts";
import { RedisConnection } from "../../src/cache/redis/redis-connection.ts";
import { ValueSeal } from "../../src/cache/value-seal.ts";
import { parseRedisUrl } from "../../src/config/redis-url.ts";
import {
  type CacheMetrics,
  type Logger,
  noCacheMetrics,
  silentLogger,
} from "../../src/telemetry/index.ts";

export interface RedisAccess {
  readonly prefix?: string;
  readonly timeoutMs?: number;
  readonly password?: () => string | undefined;
  readonly sentinelPassword?: () => string | undefined;
  readonly logger?: Logger;
  readonly tls?: RedisTls;
}

let used = 0;

/** A prefix that nobody else in this process uses, so that tests share one Redis. */
export function ownPrefix(): string {
  used += 1;
  return `test-${process.pid}-${used}:`;
}

/** A connection as a server makes it. Tests are patient: they share the machine with others. */
export function redisConnection(url: string, access: RedisAccess = {}): RedisConnection {
  return new RedisConnection({
    ...redisAccess(url, access),
    logger: access.logger ?? silentLogger,
  });
}

export function redisAccess(url: string, access: RedisAccess = {}) {
  const target = parseRedisUrl(url);
  if (target === undefined) throw new Error(`${url} is no URL of Redis`);
  return {
    target,
    prefix: access.prefix ?? ownPrefix(),
    timeoutMs: access.timeoutMs ?? 5000,
    connectTimeoutMs: 2000,
    password: access.password ?? (() => undefined),
    sentinelPassword: access.sentinelPassword ?? (() => undefined),
    tls: access.tls,
  };
}

export interface RedisCacheSettings {
  readonly now?: () => number;
  readonly metrics?: CacheMetrics;
  readonly logger?: Logger;
  readonly keys?: readonly Buffer[];
}

export function redisCache(
  connection: RedisConnection,
  {
    now = Date.now,
    metrics = noCacheMetrics,
    logger = silentLogger,
    keys = [],
  }: RedisCacheSettings = {},
): RedisVerdictCache {
  return new RedisVerdictCache({ connection, seal: new ValueSeal(keys), metrics, logger, now });
}
