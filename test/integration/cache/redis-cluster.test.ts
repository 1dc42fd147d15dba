import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { type Pod, startPods } from "../../support/cache-fleet.ts";
import { CacheLoad, eicarScanner } from "../../support/cache-load.ts";
import { describeWith } from "../../support/programs.ts";
import { REDIS_CLI, RedisCluster } from "../../support/redis-cluster.ts";
import { REDIS_SERVER, type RedisServer } from "../../support/redis-server.ts";

describeWith([REDIS_SERVER, REDIS_CLI], "a Redis Cluster of six nodes", () => {
  let cluster: RedisCluster;
  let pods: Pod[] = [];
  beforeAll(async () => {
    cluster = await RedisCluster.start();
  });
  afterAll(async () => {
    await cluster.stop();
  });
  afterEach(async () => {
    await Promise.all(pods.map((pod) => pod.stop()));
  });

  const start = async (timeoutMs = 5000): Promise<CacheLoad> => {
    const timing = { lockMs: 300, pollMs: [10, 50], purgePollMs: 1000 } as const;
    const scanner = eicarScanner();
    pods = await startPods(2, { url: cluster.url, scanner, timeoutMs, maxAgeMs: 1, timing });
    for (const { cache } of pods) await expect.poll(() => cache.connection?.isAvailable).toBe(true);
    return new CacheLoad(pods);
  };

  it("shares verdicts between pods, on all its masters", async () => {
    const load = await start();
    expect(await load.run(300)).toEqual([]);
    expect(load.reads("redis hit")).toBeGreaterThan(50);
    expect(load.failedReads).toBe(0);
    const masters = await cluster.masters();
    const sizes = await Promise.all(masters.map(({ admin }) => admin.dbsize()));
    expect(Math.min(...sizes)).toBeGreaterThan(0);
  });

  it("forgets on all pods what one was told to forget", async () => {
    const load = await start();
    await load.run(30);
    const [one, other] = load.pods as [Pod, Pod];
    await one.cache.purge({ before: Date.now() + 3_600_000 });
    const hits = other.redisHits;
    await expect
      .poll(async () => {
        const before = other.redisHits;
        await load.run(12);
        return other.redisHits - before;
      })
      .toBe(0);
    expect(hits).toBeGreaterThan(0);
  });

  it("moves slots under load: nothing fails, and hits go on", { timeout: 120_000 }, async () => {
    const load = await start();
    await load.run(100);
    let isOver = false;
    const moved = cluster.reshard(2000).finally(() => {
      isOver = true;
    });
    expect(await load.runUntil(() => isOver)).toEqual([]);
    await moved;
    await load.recovered();
  });

  it("loses a master under load: nothing fails, and it recovers", {
    timeout: 120_000,
  }, async () => {
    const load = await start(500);
    await load.run(60);
    const [master] = (await cluster.masters()) as [RedisServer];
    // Returns once its replica has all that it has.
    await master.run("WAIT", 1, 20_000);
    await master.kill();
    expect(await load.run(500)).toEqual([]);
    await expect.poll(async () => (await cluster.masters()).length, { timeout: 60_000 }).toBe(3);
    await load.recovered(60_000);
    expect(await load.run(100)).toEqual([]);
  });
});
