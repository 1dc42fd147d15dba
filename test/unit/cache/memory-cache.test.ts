import { describe, expect, it } from "vitest";
import { MemoryVerdictCache } from "../../../src/cache/memory-cache.ts";
import { VerdictKind } from "../../../src/scanning/index.ts";
import { CountedCacheMetrics } from "../../support/counted-cache-metrics.ts";

const keyOf = (digest: string) => ({ digest, scanner: "a", sha256: "0".repeat(64) });
const clean = (expiresAt = 1_000_000, message = "") => ({
  verdict: { kind: VerdictKind.Clean, threats: [], message },
  begunAt: 0,
  judgedAt: 0,
  expiresAt,
});

function build(options: { maxBytes?: number; maxAgeMs?: number } = {}) {
  const clock = { now: 0 };
  const metrics = new CountedCacheMetrics();
  const cache = new MemoryVerdictCache({
    maxBytes: 100_000,
    ...options,
    metrics,
    now: () => clock.now,
  });
  return { cache, clock, metrics };
}

describe("verdicts in memory", () => {
  it("never take more than they may", () => {
    const { cache } = build({ maxBytes: 50_000 });
    for (let index = 0; index < 1000; index++) cache.set(keyOf(`k${index}`), clean());
    expect(cache.bytes).toBeLessThanOrEqual(50_000);
    expect(cache.size).toBeGreaterThan(50);
  });

  it("go in the order in which they were used last", () => {
    const { cache } = build({ maxBytes: 2000 });
    for (const name of ["a", "b", "c", "d"]) cache.set(keyOf(name), clean());
    cache.near(keyOf("a"));
    cache.set(keyOf("e"), clean());
    expect(cache.near(keyOf("a"))).toBeDefined();
    expect(cache.near(keyOf("b"))).toBeUndefined();
  });

  it("count their texts", () => {
    const { cache } = build();
    cache.set(keyOf("a"), clean(1_000_000, "x".repeat(10_000)));
    expect(cache.bytes).toBeGreaterThan(20_000);
  });

  it("are dropped when one alone is too large", () => {
    const { cache, metrics } = build({ maxBytes: 1000 });
    cache.set(keyOf("a"), clean(1_000_000, "x".repeat(10_000)));
    expect(cache.near(keyOf("a"))).toBeUndefined();
    expect(metrics.writes.get("memory dropped")).toBe(1);
  });

  it("go when they expire", () => {
    const { cache, clock } = build();
    cache.set(keyOf("a"), clean(5000));
    clock.now = 5000;
    expect(cache.near(keyOf("a"))).toBeUndefined();
    expect(cache.size).toBe(0);
  });

  it("go earlier where somebody else is to be asked again", () => {
    const { cache, clock } = build({ maxAgeMs: 100 });
    cache.set(keyOf("a"), clean(5000));
    clock.now = 99;
    expect(cache.near(keyOf("a"))).toBeDefined();
    clock.now = 100;
    expect(cache.near(keyOf("a"))).toBeUndefined();
  });

  it("are counted by hits and misses", () => {
    const { cache, metrics } = build();
    cache.near(keyOf("a"));
    cache.set(keyOf("a"), clean());
    cache.near(keyOf("a"));
    expect(Object.fromEntries(metrics.reads)).toEqual({ "memory miss": 1, "memory hit": 1 });
  });
});

describe("purges in memory", () => {
  const overtaken = { ...clean(9e15), begunAt: 5, judgedAt: 5 };

  it("cost bounded memory: too many are one that forgets all", async () => {
    const { cache } = build();
    cache.set(keyOf("a"), overtaken);
    for (let index = 0; index < 100_000; index++) {
      await cache.purge({ sha256: String(index), before: 1 });
    }
    expect(cache.near(keyOf("a"))).toBeDefined();
    await cache.purge({ sha256: "one more", before: 6 });
    expect(cache.near(keyOf("a"))).toBeUndefined();
  });

  it("hold also when an earlier one is told later", async () => {
    const { cache } = build();
    cache.set(keyOf("a"), overtaken);
    await cache.purge({ before: 6 });
    await cache.purge({ before: 1 });
    expect(cache.near(keyOf("a"))).toBeUndefined();
  });
});
