import { afterAll, beforeAll } from "vitest";
import { MemoryVerdictCache } from "../../../src/cache/memory-cache.ts";
import { TieredVerdictCache } from "../../../src/cache/tiered-cache.ts";
import { noCacheMetrics } from "../../../src/telemetry/index.ts";
import { describeVerdictCacheContract } from "../../contracts/verdict-cache.contract.ts";
import { type AnyRedis, anyRedis } from "../../support/any-redis.ts";
import { describeWith } from "../../support/programs.ts";
import { redisCache, redisConnection } from "../../support/redis-cache.ts";
import { REDIS_SERVER } from "../../support/redis-server.ts";

describeWith([REDIS_SERVER], "verdicts in Redis", () => {
  let redis: AnyRedis;
  beforeAll(async () => {
    redis = await anyRedis();
  });
  afterAll(async () => {
    await redis.stop();
  });

  const create = async (now: () => number, keys: readonly Buffer[] = []) => {
    const connection = redisConnection(redis.url);
    await connection.start();
    return redisCache(connection, { now, keys });
  };

  describeVerdictCacheContract("Redis", { create });
  describeVerdictCacheContract("Redis whose values are authenticated", {
    create: (now) => create(now, [Buffer.from("a key of some length")]),
  });
  describeVerdictCacheContract("memory before Redis", {
    create: async (now) =>
      new TieredVerdictCache(
        new MemoryVerdictCache({ maxBytes: 1_000_000, metrics: noCacheMetrics, now }),
        await create(now),
      ),
  });
});
