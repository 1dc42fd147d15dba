import { beforeEach, describe, expect, it } from "vitest";
import { MemoryVerdictCache } from "../../../src/cache/memory-cache.ts";
import { type JudgedContext, VerdictKind } from "../../../src/scanning/index.ts";
import { noCacheMetrics } from "../../../src/telemetry/index.ts";
import { scanContext } from "../../support/samples/entities.ts";
import { file, RememberedScanner } from "./remembered-scanner.ts";

const blocked = { kind: VerdictKind.Blocked, threats: [{ name: "Trojan" }] };

describe("a verdict that comes after the answer", () => {
  let remembered: RememberedScanner;
  beforeEach(() => {
    remembered = new RememberedScanner();
  });
  const told = (changes: Partial<JudgedContext> = {}) =>
    remembered.scanner.recall(file, { ...scanContext(), ...changes });
  const come = (verdict: object = blocked, epoch = remembered.scanner.epoch): void =>
    remembered.scanner.remember(file, scanContext(), {
      verdict: { ...blocked, ...verdict },
      epoch,
      begunAt: remembered.clock.now - 60_000,
    });

  it("is not known before", async () => {
    expect(await told()).toBeUndefined();
    expect(remembered.scans).toBe(0);
  });

  it("is known then, without a scan", async () => {
    come();
    expect(await told()).toEqual({ ...blocked, cached: true });
    expect(remembered.scans).toBe(0);
  });

  it("is what a scan is told too", async () => {
    come();
    expect(await remembered.ask()).toEqual({ ...blocked, cached: true });
  });

  it("is known of an entity that costs less to scan than to remember", async () => {
    const cache = new MemoryVerdictCache({
      maxBytes: 10_000,
      metrics: noCacheMetrics,
      now: () => remembered.clock.now,
    });
    remembered = new RememberedScanner({ cacheFor: () => undefined, lateCache: cache });
    come();
    expect((await told())?.kind).toBe("blocked");
  });

  it("is not known under another policy", async () => {
    come();
    expect(await told({ policy: "strict" })).toBeUndefined();
  });

  it("is not known of signatures that are no more", async () => {
    come({}, "older");
    expect(await told()).toBeUndefined();
  });

  it("is not known when it was purged while its scan ran", async () => {
    await remembered.cache.purge({ before: remembered.clock.now - 30_000 });
    come();
    expect(await told()).toBeUndefined();
  });

  it("is not known where the service wants none so old", async () => {
    come();
    remembered.clock.now += 5000;
    const cacheTtl = { cleanMs: 1000, blockedMs: 4000 };
    expect(await told({ cacheTtl })).toBeUndefined();
  });

  it.each([VerdictKind.Pending, VerdictKind.Error])("is not known when it is %s", async (kind) => {
    come({ kind });
    expect(await told()).toBeUndefined();
  });
});
