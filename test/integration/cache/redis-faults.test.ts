import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { Entity } from "../../../src/entity/index.ts";
import { VerdictKind } from "../../../src/scanning/index.ts";
import { CountingScanner, type Pod, startPods } from "../../support/cache-fleet.ts";
import { FaultProxy } from "../../support/fault-proxy.ts";
import { describeWith } from "../../support/programs.ts";
import { ownPrefix } from "../../support/redis-cache.ts";
import { REDIS_SERVER, RedisServer } from "../../support/redis-server.ts";
import { eicar } from "../../support/samples/eicar.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";

const CONNECTIONS = 8;
const malware = entityOf(eicar);
const popular = Array.from({ length: 10 }, (_, index) => entityOf(`popular ${index}`));
/** Enough for a Redis that is well, on a machine that is busy. */
const PATIENT_MS = 500;

describeWith([REDIS_SERVER], "a fault of Redis under load", () => {
  let redis: RedisServer;
  let proxy: FaultProxy;
  let scanner: CountingScanner;
  let pods: Pod[];
  let unheard = 0;
  beforeAll(async () => {
    redis = await RedisServer.start("--key-load-delay", "300");
    proxy = await FaultProxy.start(redis.port);
  });
  afterAll(async () => {
    await proxy.stop();
    await redis.stop();
  });
  beforeEach(() => {
    scanner = new CountingScanner();
    scanner.judge = ({ sha256 }) =>
      sha256 === malware.sha256
        ? { kind: VerdictKind.Blocked, threats: [{ name: "Eicar" }] }
        : { kind: VerdictKind.Clean, threats: [] };
    pods = [];
  });
  afterEach(async () => {
    await Promise.all(pods.map((pod) => pod.stop()));
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
    return pods as [Pod, Pod];
  };

  /** Every third is malware, every third is known, the rest was never seen. */
  const entityFor = (index: number): Entity => {
    if (index % 3 === 0) return malware;
    if (index % 3 === 1) return popular[index % popular.length] as Entity;
    unheard += 1;
    return entityOf(`unheard of ${unheard}`);
  };

  /** So many scans over eight connections to both pods; what was answered wrongly. */
  const load = async (scans: number): Promise<string[]> => {
    const wrong: string[] = [];
    let next = 0;
    const connection = async (number: number): Promise<void> => {
      while (next < scans) {
        const index = next++;
        const entity = entityFor(index);
        const expected = entity === malware ? "blocked" : "clean";
        const { kind } = await (pods[number % 2] as Pod).scanner.scan(entity, scanContext());
        if (kind !== expected) wrong.push(`${index}: ${kind} instead of ${expected}`);
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, (_, number) => connection(number)));
    return wrong;
  };

  const count = (kind: string): number =>
    pods.reduce((sum, { metrics }) => sum + (metrics.reads.get(kind) ?? 0), 0);
  const failedWrites = (): number =>
    pods.reduce((sum, { metrics }) => sum + (metrics.writes.get("redis error") ?? 0), 0);
  /** The fault was there: without it, a test would show nothing. */
  const expectFailedReads = (): void =>
    expect(count("redis timeout") + count("redis error") + count("redis skipped")).toBeGreaterThan(
      0,
    );
  /** Resolves once both pods get answers out of Redis again. */
  const recovered = async (): Promise<void> => {
    for (const pod of pods) {
      const before = pod.redisHits;
      await expect
        .poll(
          async () => {
            await load(12);
            return pod.redisHits;
          },
          { timeout: 15_000 },
        )
        .toBeGreaterThan(before);
    }
  };

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
    expect(failedWrites()).toBeGreaterThan(0);
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
    await redis.admin.flushall();
    await redis.run("SAVE");
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
