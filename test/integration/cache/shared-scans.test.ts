import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { VerdictKind } from "../../../src/scanning/index.ts";
import { CountingScanner, Pod, type PodOptions, startPods } from "../../support/cache-fleet.ts";
import { describeWith } from "../../support/programs.ts";
import { ownPrefix } from "../../support/redis-cache.ts";
import { REDIS_SERVER, RedisServer } from "../../support/redis-server.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";

const file = entityOf("a new file that everybody wants");
const clean = { kind: VerdictKind.Clean, threats: [] };

describeWith([REDIS_SERVER], "pods that share a Redis", () => {
  let redis: RedisServer;
  let scanner: CountingScanner;
  let gate: PromiseWithResolvers<void>;
  let pods: Pod[] = [];
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(async () => {
    await redis.stop();
  });
  beforeEach(() => {
    scanner = new CountingScanner();
    gate = Promise.withResolvers();
    pods = [];
  });
  afterEach(async () => {
    gate.resolve();
    await Promise.all(pods.map((pod) => pod.stop()));
  });

  const start = async (count: number, options: Partial<PodOptions> = {}): Promise<Pod[]> => {
    pods = await startPods(count, { url: redis.url, scanner, ...options });
    return pods;
  };
  const waits = (kind: string): number =>
    pods.reduce((sum, { metrics }) => sum + (metrics.waits.get(kind) ?? 0), 0);
  /** Scans end when the gate opens. */
  const hold = (): void => {
    scanner.judge = async () => {
      await gate.promise;
      return clean;
    };
  };
  const begun = (scans: number) => expect.poll(() => scanner.scans).toBe(scans);
  const serverTimeMs = async (): Promise<number> => {
    const [seconds, microseconds] = await redis.admin.time();
    return Number(seconds) * 1000 + Number(microseconds) / 1000;
  };
  const lockOf = async (prefix: string): Promise<string> => {
    const [lock = ""] = (await redis.admin.keys(`${prefix}l*`)) ?? [];
    return lock;
  };

  it("scan a file once that 64 download at the same time from four of them", async () => {
    await start(4);
    scanner.judge = async () => {
      await pause(200);
      return clean;
    };
    const asked = pods.flatMap((pod) =>
      Array.from({ length: 16 }, () => pod.scanner.scan(file, scanContext())),
    );
    const kinds = new Set((await Promise.all(asked)).map(({ kind }) => kind));
    expect([...kinds]).toEqual(["clean"]);
    expect(scanner.scans).toBe(1);
    expect(waits("fleet shared")).toBe(3);
    expect(waits("pod shared")).toBe(60);
  });

  it("scan a file once, one after the other", async () => {
    const [one, other] = (await start(2)) as [Pod, Pod];
    await one.scanner.scan(file, scanContext());
    await expect.poll(() => one.metrics.writes.get("redis stored")).toBe(1);
    expect(await other.scanner.scan(file, scanContext())).toMatchObject({ cached: true });
    expect(scanner.scans).toBe(1);
  });

  it("ask Redis once about what they use often", async () => {
    const [one, other] = (await start(2)) as [Pod, Pod];
    await one.scanner.scan(file, scanContext());
    await expect.poll(() => one.metrics.writes.get("redis stored")).toBe(1);
    for (let time = 0; time < 5; time++) await other.scanner.scan(file, scanContext());
    expect(other.redisHits).toBe(1);
  });

  it("do not wait for a look when a message tells of the end", async () => {
    const timing = { lockMs: 5000, pollMs: [60_000, 60_000], purgePollMs: 5000 } as const;
    const [one, other] = (await start(2, { timing })) as [Pod, Pod];
    await expect
      .poll(async () => (await redis.admin.pubsub("CHANNELS", "*")).length)
      .toBeGreaterThan(0);
    hold();
    const first = one.scanner.scan(file, scanContext());
    await begun(1);
    const second = other.scanner.scan(file, scanContext());
    await expect
      .poll(async () => redis.admin.get(await lockOf(one.cache.connection?.prefix ?? "")))
      .toMatch(/\+$/);
    gate.resolve();
    expect((await Promise.all([first, second])).map(({ kind }) => kind)).toEqual([
      "clean",
      "clean",
    ]);
    expect(scanner.scans).toBe(1);
  });

  it("take over from one that ends without a verdict", async () => {
    const [one, other] = (await start(2)) as [Pod, Pod];
    scanner.judge = async () => {
      if (scanner.scans > 1) return clean;
      await gate.promise;
      return { kind: VerdictKind.Error, threats: [] };
    };
    const first = one.scanner.scan(file, scanContext());
    await begun(1);
    const second = other.scanner.scan(file, scanContext());
    gate.resolve();
    expect((await first).kind).toBe("error");
    expect((await second).kind).toBe("clean");
  });

  it("take over from one that died", async () => {
    const timing = { lockMs: 300, pollMs: [20, 50], purgePollMs: 5000 } as const;
    const [one, other] = (await start(2, { timing })) as [Pod, Pod];
    hold();
    void one.scanner.scan(file, scanContext());
    await begun(1);
    await one.stop();
    scanner.judge = () => clean;
    expect((await other.scanner.scan(file, scanContext())).kind).toBe("clean");
    expect(scanner.scans).toBe(2);
  });

  it("keep the right to a scan that takes longer than a lock lives", async () => {
    const lockMs = 3000;
    const timing = { lockMs, pollMs: [20, 50], purgePollMs: 5000 } as const;
    const [one, other] = (await start(2, { timing })) as [Pod, Pod];
    hold();
    const first = one.scanner.scan(file, scanContext());
    await begun(1);
    const second = other.scanner.scan(file, scanContext());
    // Redis lets a lock go by its own clock; this one is older than it lives.
    const begunAt = await serverTimeMs();
    await expect.poll(async () => (await serverTimeMs()) - begunAt).toBeGreaterThan(lockMs);
    gate.resolve();
    await Promise.all([first, second]);
    expect(scanner.scans).toBe(1);
  });

  describe("and one scans whose client leaves", () => {
    const gone = (): AbortController => new AbortController();
    const asking = (pod: Pod, client: AbortController) =>
      pod.scanner.scan(file, { ...scanContext(client.signal), retain: () => () => {} });
    let signals: AbortSignal[];
    beforeEach(() => {
      signals = [];
      scanner.judge = async (_entity, { signal }) => {
        signals.push(signal);
        const stopped = new Promise((resolve) => signal.addEventListener("abort", resolve));
        await Promise.race([gate.promise, stopped]);
        return signal.aborted ? { kind: VerdictKind.Error, threats: [] } : clean;
      };
    });

    it("keep the right to the scan, and its verdict, as long as others wait there", async () => {
      const prefix = ownPrefix();
      const [one, other] = (await start(2, { prefix })) as [Pod, Pod];
      const client = gone();
      const first = asking(one, client);
      await begun(1);
      const second = asking(one, gone());
      const lock = await redis.admin.get(await lockOf(prefix));
      client.abort();
      expect((await first).reason).toBe("timeout");
      const third = asking(other, gone());
      // The other pod waits for the same holder: a mark behind its token tells that somebody does.
      await expect.poll(async () => redis.admin.get(await lockOf(prefix))).toBe(`${lock}+`);
      gate.resolve();
      const verdicts = await Promise.all([second, third]);
      expect(verdicts.map(({ kind }) => kind)).toEqual(["clean", "clean"]);
      expect(scanner.scans).toBe(1);
      await expect.poll(() => lockOf(prefix)).toBe("");
    });

    it("stop the scan and give the right to it back when all have left there", async () => {
      const [one, other] = (await start(2)) as [Pod, Pod];
      const clients = [gone(), gone()] as const;
      const asked = [asking(one, clients[0])];
      await begun(1);
      asked.push(asking(one, clients[1]));
      for (const client of clients) client.abort();
      await Promise.all(asked);
      expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
      gate.resolve();
      expect((await asking(other, gone())).kind).toBe("clean");
      expect(scanner.scans).toBe(2);
    });
  });

  it("are all told what one hears that scans along with a hung scan in its process", async () => {
    const prefix = ownPrefix();
    const [one, other] = (await start(2, { prefix })) as [Pod, Pod];
    scanner.judge = async (_entity, { signal }) => {
      if (scanner.scans > 1) return clean;
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      return { kind: VerdictKind.Error, threats: [] };
    };
    const first = one.scanner.scan(file, scanContext());
    await begun(1);
    const elsewhere = other.scanner.scan(file, scanContext());
    const deadlineAt = performance.now() + 400;
    const second = one.scanner.scan(file, { ...scanContext(), deadlineAt });
    const verdicts = await Promise.all([first, second, elsewhere]);
    expect(verdicts.map(({ kind }) => kind)).toEqual(["clean", "clean", "clean"]);
    expect(scanner.scans).toBe(2);
    await expect.poll(() => lockOf(prefix)).toBe("");
  });

  it("both answer when the lock is lost, and the newer verdict stays", async () => {
    const prefix = ownPrefix();
    const [one, other] = (await start(2, { prefix })) as [Pod, Pod];
    const blocked = { kind: VerdictKind.Blocked, threats: [{ name: "X" }] };
    scanner.judge = async () => {
      if (scanner.scans > 1) return blocked;
      await gate.promise;
      return clean;
    };
    const first = one.scanner.scan(file, scanContext());
    await begun(1);
    await redis.admin.del(await lockOf(prefix));
    expect((await other.scanner.scan(file, scanContext())).kind).toBe("blocked");
    await expect.poll(() => other.metrics.writes.get("redis stored")).toBe(1);
    gate.resolve();
    expect((await first).kind).toBe("clean");
    await expect.poll(() => one.metrics.writes.get("redis error")).toBe(1);
    const [third] = (await start(1, { prefix })) as [Pod];
    expect((await third.scanner.scan(file, scanContext())).kind).toBe("blocked");
  });

  it("leave no lock behind", async () => {
    const prefix = ownPrefix();
    const [one] = (await start(1, { prefix })) as [Pod];
    await one.scanner.scan(file, scanContext());
    await expect.poll(() => lockOf(prefix)).toBe("");
  });

  it("scan for themselves when half of their time is over, and use what comes first", async () => {
    const [one, other] = (await start(2)) as [Pod, Pod];
    const aborted = Promise.withResolvers<void>();
    scanner.judge = async (_entity, { signal }) => {
      signal.addEventListener("abort", () => aborted.resolve(), { once: true });
      await gate.promise;
      return clean;
    };
    const first = one.scanner.scan(file, scanContext());
    await begun(1);
    const deadlineAt = performance.now() + 600;
    const second = other.scanner.scan(file, { ...scanContext(), deadlineAt });
    await begun(2);
    // The first pod's scan ends; the second pod hears of it and stops its own.
    scanner.judge = () => clean;
    gate.resolve();
    expect((await Promise.all([first, second])).map(({ kind }) => kind)).toEqual([
      "clean",
      "clean",
    ]);
    expect(other.metrics.waits.get("fleet alone")).toBe(1);
  });

  it("hear of a verdict while they scan for themselves", async () => {
    const [one, other] = (await start(2)) as [Pod, Pod];
    scanner.judge = async (_entity, { signal }) => {
      const isFirst = scanner.scans === 1;
      if (isFirst) await gate.promise;
      // The second scan would go on until it is told to stop.
      else
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      return isFirst ? clean : { kind: VerdictKind.Error, threats: [] };
    };
    const first = one.scanner.scan(file, scanContext());
    await begun(1);
    const deadlineAt = performance.now() + 400;
    const second = other.scanner.scan(file, { ...scanContext(), deadlineAt });
    await begun(2);
    gate.resolve();
    expect((await first).kind).toBe("clean");
    expect(await second).toMatchObject({ kind: "clean", cached: true });
  });

  it("forget on all pods what one of them was told to forget", async () => {
    const timing = { lockMs: 5000, pollMs: [50, 500], purgePollMs: 60_000 } as const;
    const [one, other] = (await start(2, { timing })) as [Pod, Pod];
    await one.scanner.scan(file, scanContext());
    await expect.poll(() => one.metrics.writes.get("redis stored")).toBe(1);
    await other.scanner.scan(file, scanContext());
    await one.cache.purge({ sha256: file.sha256 });
    await expect.poll(() => other.cache.lookup(file)).toEqual([]);
  });

  it("forget what was purged before they started", async () => {
    const prefix = ownPrefix();
    const [one] = (await start(1, { prefix })) as [Pod];
    await one.scanner.scan(file, scanContext());
    await expect.poll(() => one.metrics.writes.get("redis stored")).toBe(1);
    await one.cache.purge({ scanner: "clamav" });
    const [late] = (await start(1, { prefix })) as [Pod];
    await expect.poll(() => late.cache.lookup(file)).toEqual([]);
  });

  it("bring nothing back that was purged when Redis loses all it had", async () => {
    const timing = { lockMs: 5000, pollMs: [50, 500], purgePollMs: 50 } as const;
    const prefix = ownPrefix();
    const [one] = (await start(1, { prefix, timing })) as [Pod];
    await one.cache.purge({ before: 1000 });
    await redis.admin.flushall();
    await expect.poll(() => redis.admin.hlen(`${prefix}table:purges`)).toBe(2);
  });

  describe("bring nothing back that was purged when somebody", () => {
    const table = (prefix: string): string => `${prefix}table:purges`;
    const field = "|IcapScanner/a/clamav";
    const before = 2_000_000_000_000;
    const purged = async (prefix: string): Promise<Pod> => {
      const timing = { lockMs: 5000, pollMs: [50, 500], purgePollMs: 20 } as const;
      const [one] = (await start(1, { prefix, timing })) as [Pod];
      await one.cache.purge({ scanner: "IcapScanner/a/clamav", before: 1000 });
      return one;
    };

    it("takes the mark away and tells nobody", async () => {
      const prefix = ownPrefix();
      await purged(prefix);
      await redis.admin.hdel(table(prefix), field);
      await expect
        .poll(() => redis.admin.hexists(table(prefix), field), { timeout: 15_000 })
        .toBe(1);
    });

    it("puts an old mark in its place", async () => {
      const prefix = ownPrefix();
      const one = await purged(prefix);
      const old = await redis.admin.hgetBuffer(table(prefix), field);
      await one.cache.purge({ scanner: "IcapScanner/a/clamav", before });
      await redis.admin.hset(table(prefix), field, old as Buffer);
      await expect
        .poll(async () => String(await redis.admin.hgetBuffer(table(prefix), field)), {
          timeout: 15_000,
        })
        .toContain(String(before));
    });
  });

  it("say that Redis cannot be told of a purge", async () => {
    const gone = new Pod({ url: "redis://127.0.0.1:1", scanner });
    pods = [gone];
    await gone.cache.start();
    await expect(gone.cache.purge({})).rejects.toThrow("Redis is not available");
  });
});
