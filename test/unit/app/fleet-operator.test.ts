import { describe, expect, it } from "vitest";
import type { CacheState, KeptOverride } from "../../../src/admin/index.ts";
import { FleetCacheOperator } from "../../../src/app/fleet-operator.ts";

const override: KeptOverride = {
  sha256: "a".repeat(64),
  action: "block",
  reason: "leaked document",
  author: "ada",
  createdAt: 1,
  expiresAt: 2,
};
const order = { ...override, at: 1 };
const change = { value: { before: undefined, after: override } };
const list = (storage: "redis" | "memory") => ({ value: { storage, overrides: [override] } });

/** Workers that answer one operation each in their way, and all others alike. */
function fleet(operation: string, answers: readonly unknown[], storage: "redis" | "memory") {
  return new FleetCacheOperator(async (question) =>
    (question as { operation: string }).operation === operation
      ? answers
      : answers.map(() => list(storage)),
  );
}

function state(entries: number, reads: Record<string, number>): { readonly value: CacheState } {
  const tier = { available: true, entries, bytes: 10 * entries, maxBytes: 100 };
  return {
    value: {
      tiers: [
        { ...tier, tier: "memory", reads },
        { ...tier, tier: "redis", reads },
      ],
      overrides: { storage: "redis", allow: 0, block: 1 },
      processes: 1,
    },
  };
}

describe("the cache of several workers", () => {
  it("is the sum of their memories, and one Redis", async () => {
    const answers = [state(1, { hit: 2 }), state(3, { hit: 1, miss: 5 })];
    expect(await fleet("stats", answers, "redis").stats()).toMatchObject({
      tiers: [
        { tier: "memory", entries: 4, bytes: 40, maxBytes: 200, reads: { hit: 3, miss: 5 } },
        { tier: "redis", entries: 3, bytes: 30, reads: { hit: 3, miss: 5 } },
      ],
      overrides: { block: 1 },
      processes: 2,
    });
  });

  it("is told by those that answer", async () => {
    const stats = await fleet("stats", [undefined, state(3, {})], "redis").stats();
    expect(stats.processes).toBe(1);
  });

  it("is not told when nobody does", async () => {
    const asked = fleet("stats", [undefined], "redis").stats();
    await expect(asked).rejects.toMatchObject({ fault: "unconfirmed" });
  });
});

describe("a change of several workers", () => {
  it("is done when all have done it", async () => {
    expect(await fleet("setOverride", [change, change], "redis").setOverride(order)).toEqual(
      change.value,
    );
  });

  it.each([
    ["one does not answer", undefined, "unconfirmed"],
    ["one refuses", { fault: "conflict", message: "too many" }, "conflict"],
  ])("is not done when %s", async (_what, answer, fault) => {
    const changed = fleet("setOverride", [change, answer], "redis").setOverride(order);
    await expect(changed).rejects.toMatchObject({ fault });
  });

  it("tells of a purge which scanners it concerns", async () => {
    const done = { value: { scanners: ["IcapScanner/a/clamav"] } };
    expect(await fleet("purge", [done, done], "redis").purge({ scanner: "clamav" })).toEqual(
      done.value,
    );
  });

  it("is not done when there is no worker", async () => {
    const purged = fleet("purge", [], "redis").purge({});
    await expect(purged).rejects.toMatchObject({ fault: "unconfirmed" });
  });
});

describe("a worker that begins", () => {
  it("is told of the overrides that its like keep in memory, until they are removed", async () => {
    const operator = fleet("setOverride", [change], "memory");
    const before = operator.greeting;
    await operator.setOverride(order);
    const meanwhile = operator.greeting;
    await operator.removeOverride({ sha256: override.sha256, at: 2 });
    expect([before, meanwhile, operator.greeting]).toEqual([
      undefined,
      { restore: [override] },
      undefined,
    ]);
  });

  it("finds out by itself where there is Redis", async () => {
    const operator = fleet("setOverride", [change], "redis");
    await operator.setOverride(order);
    expect(operator.greeting).toBeUndefined();
  });
});
