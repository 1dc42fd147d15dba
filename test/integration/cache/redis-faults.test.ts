import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { type CountingScanner, type Pod, startPods } from "../../support/cache-fleet.ts";
import { CacheLoad, eicarScanner, malware, popular } from "../../support/cache-load.ts";
import { FaultProxy } from "../../support/fault-proxy.ts";
import { describeWith } from "../../support/programs.ts";
import { ownPrefix } from "../../support/redis-cache.ts";
import { REDIS_SERVER, RedisServer } from "../../support/redis-server.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";

/** Enough for a Redis that is well, on a machine that is busy. */
const PATIENT_MS = 500;
/** A Redis that is started again reads its data first, and clients come back one pause after the other. */
const RECOVERY_MS = 60_000;
vi.setConfig({ testTimeout: 2 * RECOVERY_MS });

describeWith([REDIS_SERVER], "a fault of Redis under load", () => {
  let redis: RedisServer;
  let proxy: FaultProxy;
  let scanner: CountingScanner;
  let pods: Pod[] = [];
  let traffic: CacheLoad;
  beforeAll(async () => {
    redis = await RedisServer.start("--key-load-delay", "300");
    proxy = await FaultProxy.start(redis.port);
  });
  afterAll(async () => {
    await proxy.stop();
    await redis.stop();
  });
  beforeEach(() => {
    scanner = eicarScanner();
    pods = [];
  });
  afterEach(async () => {
    await Promise.all(pods.map((pod) => pod.stop()));
    // Whatever became of a test: the next one has a Redis that runs, and starts fast.
    redis.thaw();
    proxy.mend();
    await redis.admin.flushall();
    await redis.run("SAVE");
  });

  /** Two pods, so that each finds what the other has scanned; they keep nothing in memory for long. */
  const start = async (timeoutMs = PATIENT_MS): Promise<[Pod, Pod]> => {
    pods = await startPods(2, {
      url: `redis://127.0.0.1:${proxy.port}`,
      prefix: ownPrefix(),
      scanner,
      timeoutMs,
      maxAgeMs: 1,
      timing: { lockMs: 300, pollMs: [10, 50], purgePollMs: 1000 },
    });
    traffic = new CacheLoad(pods);
    return pods as [Pod, Pod];
  };

  const load = (scans: number): Promise<string[]> => traffic.run(scans);
  const recovered = (): Promise<void> => traffic.recovered(RECOVERY_MS);
  const count = (kind: string): number => traffic.reads(kind);
  /** The fault was there: without it, a test would show nothing. */
  const expectFailedReads = (): void => expect(traffic.failedReads).toBeGreaterThan(0);

  it("is none at first", async () => {
    await start();
    expect(await load(300)).toEqual([]);
    expect(count("redis hit")).toBeGreaterThan(50);
    expect(scanner.scans).toBeLessThan(150);
  });

  it("kill -9: nothing fails, and it recovers", async () => {
    await start();
    const loaded = load(2000);
    await redis.kill();
    expect(await loaded).toEqual([]);
    expect(await load(100)).toEqual([]);
    expectFailedReads();
    await redis.restart();
    await recovered();
  });

  it("SIGSTOP: nothing fails, few wait, each for the read timeout, and it recovers", async () => {
    await start(20);
    await load(30);
    redis.freeze();
    expect(await load(2000)).toEqual([]);
    // Those who wait at the same time until the breaker opens, and one in each second after that.
    expect(count("redis timeout")).toBeLessThan(60);
    expect(count("redis skipped")).toBeGreaterThan(500);
    redis.thaw();
    await recovered();
  });

  it("frozen: no scan waits for more than one read timeout", async () => {
    const [pod] = await start(200);
    // No breaker is open because the machine was busy.
    await recovered();
    redis.freeze();
    const waited: number[] = [];
    for (let scan = 0; scan < 12; scan += 1) {
      const before = count("redis timeout");
      await pod.scanner.scan(scan % 2 === 0 ? malware : entityOf(`new ${scan}`), scanContext());
      waited.push(count("redis timeout") - before);
    }
    redis.thaw();
    expect(Math.max(...waited)).toBe(1);
    // The breaker is open by then: they are not waited for at all.
    expect(waited.slice(-3)).toEqual([0, 0, 0]);
    await recovered();
  });

  it("a network that is cut: nothing fails, and it recovers", async () => {
    await start(20);
    await load(30);
    proxy.cut();
    expect(await load(1000)).toEqual([]);
    expect(count("redis timeout")).toBeLessThan(60);
    expectFailedReads();
    proxy.mend();
    await recovered();
  });

  it("a network that is cut for good until connections are given up: it recovers", async () => {
    await start(20);
    proxy.cut();
    expect(await load(100)).toEqual([]);
    expectFailedReads();
    proxy.reset();
    proxy.mend();
    await recovered();
  });

  it("connections that are reset: nothing fails, and it recovers", async () => {
    await start();
    const loaded = load(500);
    proxy.reset();
    expect(await loaded).toEqual([]);
    expectFailedReads();
    await recovered();
  });

  it("OOM: nothing fails, what is there is read, and it recovers", async () => {
    await start();
    await load(60);
    await redis.run("CONFIG", "SET", "maxmemory", "1");
    const hits = count("redis hit");
    expect(await load(300)).toEqual([]);
    expect(count("redis hit")).toBeGreaterThan(hits);
    expect(traffic.failedWrites).toBeGreaterThan(0);
    expect(count("redis skipped")).toBe(0);
    await redis.run("CONFIG", "SET", "maxmemory", "0");
    await recovered();
  });

  it("READONLY: nothing fails, and it recovers", async () => {
    await start();
    await load(30);
    await redis.run("REPLICAOF", "127.0.0.1", "1");
    expect(await load(300)).toEqual([]);
    expectFailedReads();
    await redis.run("REPLICAOF", "NO", "ONE");
    await recovered();
  });

  it("MASTERDOWN: nothing fails, and it recovers", async () => {
    await start();
    await redis.run("CONFIG", "SET", "replica-serve-stale-data", "no");
    await redis.run("REPLICAOF", "127.0.0.1", "1");
    expect(await load(300)).toEqual([]);
    expectFailedReads();
    await redis.run("REPLICAOF", "NO", "ONE");
    await redis.run("CONFIG", "SET", "replica-serve-stale-data", "yes");
    await recovered();
  });

  it("LOADING: nothing fails, and it recovers", async () => {
    await start();
    await redis.run("DEBUG", "POPULATE", "5000", "ballast");
    await redis.run("SAVE");
    await redis.restart();
    expect(await load(300)).toEqual([]);
    expectFailedReads();
    await recovered();
  });

  it("evictions: nothing fails", async () => {
    await start();
    const used = Number(/used_memory:(\d+)/.exec(await redis.admin.info("memory"))?.[1]);
    await redis.run("CONFIG", "SET", "maxmemory-policy", "allkeys-random");
    await redis.run("CONFIG", "SET", "maxmemory", String(used + 20_000));
    expect(await load(1000)).toEqual([]);
    const evicted = Number(/evicted_keys:(\d+)/.exec(await redis.admin.info("stats"))?.[1]);
    await redis.run("CONFIG", "SET", "maxmemory", "0");
    expect(evicted).toBeGreaterThan(0);
    await recovered();
  });

  it("wrong types under all our keys: nothing fails, and they are replaced", async () => {
    const [pod] = await start();
    await load(60);
    const keys = await redis.admin.keys(`${pod.cache.connection?.prefix}*`);
    expect(keys.length).toBeGreaterThan(10);
    const spoilt = redis.admin.multi().del(...keys);
    for (const key of keys) spoilt.rpush(key, "not ours");
    await spoilt.exec();
    expect(await load(300)).toEqual([]);
    expect(count("redis skipped")).toBe(0);
    await recovered();
    const known = popular.map((entity) => pod.cache.lookup(entity));
    expect((await Promise.all(known)).filter((found) => found.length === 0)).toEqual([]);
  });

  it("flushall, and scripts that are gone: nothing fails", async () => {
    await start();
    const loaded = load(1000);
    await redis.admin.flushall();
    await redis.admin.script("FLUSH");
    expect(await loaded).toEqual([]);
    await recovered();
  });

  it("at the start: it is told of, nothing fails, and it recovers", async () => {
    await redis.kill();
    await start();
    expect(await load(50)).toEqual([]);
    expectFailedReads();
    await redis.restart();
    await recovered();
  });

  it("a clock that jumps: nothing fails, and it recovers", async () => {
    const [pod] = await start();
    await load(30);
    let offset = 0;
    const jumping = await startPods(1, {
      url: redis.url,
      prefix: pod.cache.connection?.prefix ?? "",
      scanner,
      timeoutMs: PATIENT_MS,
      maxAgeMs: 1,
      now: () => Date.now() + offset,
    });
    pods.push(...jumping);
    for (const hours of [48, -48, 0]) {
      offset = hours * 3_600_000;
      for (const entity of [malware, ...popular]) {
        const { kind } = await (jumping[0] as Pod).scanner.scan(entity, scanContext());
        expect(kind).toBe(entity === malware ? "blocked" : "clean");
      }
      expect(await load(30)).toEqual([]);
    }
    expect((jumping[0] as Pod).metrics.scanned).toBeGreaterThan(0);
  });
});
