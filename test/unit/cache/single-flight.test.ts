import { beforeEach, describe, expect, it } from "vitest";
import { isNotNeeded, VerdictKind } from "../../../src/scanning/index.ts";
import { scanContext } from "../../support/samples/entities.ts";
import { cleanVerdict } from "../../support/samples/scripted-scanner.ts";
import { file, RememberedScanner } from "./remembered-scanner.ts";

const error = { kind: VerdictKind.Error, threats: [] };

describe("those who ask the same at the same time", () => {
  let remembered: RememberedScanner;
  beforeEach(() => {
    remembered = new RememberedScanner();
  });
  /** Lets go on whatever waits for nothing but its turn. */
  const settle = () => new Promise((resolve) => setImmediate(resolve));

  it("share one scan", async () => {
    const asked = Array.from({ length: 64 }, () => remembered.ask());
    await remembered.inner.started(0);
    remembered.inner.end(0, cleanVerdict);
    const kinds = new Set((await Promise.all(asked)).map(({ kind }) => kind));
    expect([...kinds]).toEqual(["clean"]);
    expect(remembered.scans).toBe(1);
    expect(remembered.metrics.waits.get("pod shared")).toBe(63);
  });

  it("scan for themselves when the one scan came to nothing", async () => {
    const asked = Array.from({ length: 3 }, () => remembered.ask());
    await remembered.inner.started(0);
    remembered.inner.end(0, error);
    await remembered.inner.started(2);
    for (const index of [1, 2]) remembered.inner.end(index, cleanVerdict);
    expect((await Promise.all(asked)).map(({ kind }) => kind)).toEqual(["error", "clean", "clean"]);
  });

  it("do not fail with the one who scans for them", async () => {
    const leader = new AbortController();
    const first = remembered.ask({ signal: leader.signal });
    const others = Array.from({ length: 3 }, () => remembered.ask());
    await remembered.inner.started(0);
    leader.abort();
    remembered.inner.end(0, error);
    await remembered.inner.started(1);
    remembered.inner.end(1, cleanVerdict);
    expect((await first).kind).toBe("error");
    expect((await Promise.all(others)).map(({ kind }) => kind)).toEqual([
      "clean",
      "clean",
      "clean",
    ]);
    expect(remembered.scans).toBe(2);
  });

  it("do not fail when the scanner breaks its word and rejects", async () => {
    const first = remembered.ask();
    const second = remembered.ask();
    const rejection = expect(first).rejects.toThrow("boom");
    await remembered.inner.started(0);
    remembered.inner.end(0, new Error("boom"));
    await rejection;
    await remembered.inner.started(1);
    remembered.inner.end(1, cleanVerdict);
    expect((await second).kind).toBe("clean");
  });

  it("wait no longer than they may", async () => {
    const own = new AbortController();
    void remembered.ask();
    const late = remembered.ask({ signal: own.signal });
    await remembered.inner.started(0);
    own.abort();
    expect(await late).toMatchObject({ kind: "error", reason: "timeout" });
  });

  it("do not share a verdict that one of them may not use", async () => {
    const first = remembered.ask();
    const picky = remembered.ask({ cacheTtl: { cleanMs: 0, blockedMs: 1000 } });
    await remembered.inner.started(0);
    remembered.inner.end(0, cleanVerdict);
    await first;
    await remembered.inner.started(1);
    remembered.inner.end(1, cleanVerdict);
    expect(await picky).not.toHaveProperty("cached");
  });

  it("do not share what a purge has overtaken", async () => {
    const first = remembered.ask();
    await remembered.inner.started(0);
    remembered.clock.now += 10;
    await remembered.cache.purge({ before: remembered.clock.now });
    const second = remembered.ask();
    remembered.inner.end(0, cleanVerdict);
    await first;
    await remembered.inner.started(1);
    remembered.inner.end(1, { kind: VerdictKind.Blocked, threats: [] });
    expect((await second).kind).toBe("blocked");
  });

  it("do not share what was asked in another way", async () => {
    void remembered.ask();
    void remembered.ask({ policy: "strict" });
    await settle();
    expect(remembered.scans).toBe(2);
  });

  it("begin anew when the one scan is over", async () => {
    await remembered.judge(error);
    await remembered.judge(error);
    expect(remembered.scans).toBe(2);
  });

  it("tell the scanner that nobody needs its verdict when another process was quicker", async () => {
    const { cache, clock, inner, scanner } = remembered;
    const verdict = { ...cleanVerdict, cached: true } as const;
    const at = { begunAt: clock.now, judgedAt: clock.now, expiresAt: clock.now + 1000 };
    const known = { verdict, ...at };
    cache.claim = () =>
      Promise.resolve({ kind: "turn", end: () => {}, elsewhere: () => Promise.resolve(known) });
    const asked = scanner.scan(file, scanContext());
    await inner.started(0);
    expect(await asked).toMatchObject({ kind: "clean", cached: true });
    expect(inner.contexts.map(({ signal }) => isNotNeeded(signal))).toEqual([true]);
    inner.end(0, error);
  });
});
