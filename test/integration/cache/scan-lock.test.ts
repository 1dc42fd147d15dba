import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { RedisVerdictCache } from "../../../src/cache/redis/redis-cache.ts";
import type { RedisConnection } from "../../../src/cache/redis/redis-connection.ts";
import { renewScript, runScript } from "../../../src/cache/redis/scripts.ts";
import { ValueSeal } from "../../../src/cache/value-seal.ts";
import { noCacheMetrics, silentLogger } from "../../../src/telemetry/index.ts";
import { describeWith } from "../../support/programs.ts";
import { ownPrefix, redisConnection } from "../../support/redis-cache.ts";
import { REDIS_SERVER, RedisServer } from "../../support/redis-server.ts";

const key = { digest: "d".repeat(32), scanner: "IcapScanner/a/b", sha256: "0".repeat(64) };
/** Locks outlive the test: none is gone for its age. */
const timing = { lockMs: 600_000, pollMs: [50, 500], purgePollMs: 60_000 } as const;

describeWith([REDIS_SERVER], "the right to scan for all pods", () => {
  let redis: RedisServer;
  const connections: RedisConnection[] = [];
  const prefix = ownPrefix();
  const lock = `${prefix}l{${key.digest}}`;
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(async () => {
    await redis.stop();
  });
  afterEach(async () => {
    await Promise.all(connections.splice(0).map((connection) => connection.close()));
    await redis.admin.flushall();
  });

  const connect = async (timeoutMs = 5000): Promise<RedisConnection> => {
    const connection = redisConnection(redis.url, { prefix, timeoutMs });
    connections.push(connection);
    await connection.start();
    await expect.poll(() => connection.isAvailable).toBe(true);
    return connection;
  };
  const pod = async (timeoutMs?: number): Promise<RedisVerdictCache> =>
    new RedisVerdictCache({
      connection: await connect(timeoutMs),
      ...{ seal: new ValueSeal([]), metrics: noCacheMetrics, logger: silentLogger },
      ...{ now: Date.now, timing },
    });
  const terms = (ms: number) => ({
    accepts: () => true,
    signal: new AbortController().signal,
    deadlineAt: performance.now() + ms,
  });

  it("is given back by one who was granted it too late, and scans without it", async () => {
    const cache = await pod(200);
    const granted = Promise.withResolvers<void>();
    const monitor = await redis.admin.monitor();
    monitor.on("monitor", (_time: string, [command, name]: string[]) => {
      if (command === "SET" && name === lock) granted.resolve();
    });
    redis.freeze();
    const claim = await cache.claim(key, terms(60_000));
    expect(claim.kind).toBe("turn");
    redis.thaw();
    await granted.promise;
    await expect.poll(() => redis.admin.exists(lock)).toBe(0);
    monitor.disconnect();
  });

  it("is waited for until half of the time is over", async () => {
    const [one, other] = [await pod(), await pod()];
    await one.claim(key, terms(60_000));
    const bounds = terms(3000);
    const claim = await other.claim(key, bounds);
    expect(claim).toMatchObject({ kind: "turn", elsewhere: expect.any(Function) });
    expect(performance.now()).toBeLessThan(bounds.deadlineAt);
  });

  it("is not made longer by one who has lost it", async () => {
    const connection = await connect();
    await redis.admin.set(lock, "another:1:", "PX", 60_000);
    const renew = (token: string) =>
      connection.run((client) => runScript(client, renewScript, [lock], [token, 900_000]));
    expect(await renew("own:1:")).toEqual({ kind: "value", value: 0 });
    expect(await redis.admin.pttl(lock)).toBeLessThanOrEqual(60_000);
    expect(await renew("another:1:")).toEqual({ kind: "value", value: 1 });
    expect(await redis.admin.pttl(lock)).toBeGreaterThan(60_000);
  });
});
