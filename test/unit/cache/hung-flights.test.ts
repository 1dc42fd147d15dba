import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type {
  Claim,
  ClaimTerms,
  RememberedVerdict,
  VerdictKey,
} from "../../../src/cache/verdict-cache.ts";
import {
  isNotNeeded,
  type ScanContext,
  type Verdict,
  VerdictKind,
} from "../../../src/scanning/index.ts";
import { cleanVerdict } from "../../support/samples/scripted-scanner.ts";
import { RememberedScanner } from "./remembered-scanner.ts";

const error: Verdict = { kind: VerdictKind.Error, threats: [] };
const OUT_OF_TIME = new DOMException("the scan's time is up", "TimeoutError");

describe("of those who wait for a scan that takes too long", () => {
  let remembered: RememberedScanner;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    remembered = new RememberedScanner();
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  /** With so much time from now on. */
  const askWithin = (ms: number, changes: Partial<ScanContext> = {}): Promise<Verdict> =>
    remembered.ask({ deadlineAt: performance.now() + ms, ...changes });
  const scanNumber = (index: number): ScanContext => {
    const context = remembered.inner.contexts[index];
    if (context === undefined) throw new Error(`scan ${index} has not begun`);
    return context;
  };
  const begun = async (): Promise<void> => {
    await pass(0);
    expect(remembered.scans).toBe(1);
  };

  it("one scans along when half of its time is over", async () => {
    void askWithin(10_000);
    for (let count = 0; count < 63; count++) void askWithin(10_000);
    await begun();
    await pass(4999);
    expect(remembered.scans).toBe(1);
    await pass(1);
    expect(remembered.scans).toBe(2);
    await pass(4000);
    expect(remembered.scans).toBe(2);
    expect(remembered.metrics.waits.get("pod alone")).toBe(1);
  });

  it("all are told what it hears, the first one too, and the hung scan is stopped", async () => {
    const asked = [askWithin(10_000), askWithin(8000), askWithin(10_000)];
    await begun();
    await pass(4000);
    remembered.inner.end(1, cleanVerdict);
    expect((await Promise.all(asked)).map(({ kind }) => kind)).toEqual(["clean", "clean", "clean"]);
    expect(isNotNeeded(scanNumber(0).signal)).toBe(true);
    expect(remembered.metrics.waits.get("pod shared")).toBe(1);
  });

  it("one who hears it from another has its body held until its own scan has ended", async () => {
    let holds = 0;
    const retain = (): (() => void) => {
      holds += 1;
      return () => {
        holds -= 1;
      };
    };
    const first = askWithin(10_000, { retain });
    void askWithin(10_000);
    await begun();
    await pass(5000);
    remembered.inner.end(1, cleanVerdict);
    await first;
    expect(holds).toBe(1);
    remembered.inner.end(0, error);
    await pass(0);
    expect(holds).toBe(0);
  });

  it("all are told what comes first, and the second scan is stopped", async () => {
    const asked = [askWithin(10_000), askWithin(10_000)];
    await begun();
    await pass(5000);
    remembered.inner.end(0, cleanVerdict);
    expect((await Promise.all(asked)).map(({ kind }) => kind)).toEqual(["clean", "clean"]);
    expect(isNotNeeded(scanNumber(1).signal)).toBe(true);
    remembered.inner.end(1, error);
  });

  it("nobody takes a failure for an answer while another scan is under way", async () => {
    const asked = [askWithin(10_000), askWithin(10_000)];
    await begun();
    await pass(5000);
    remembered.inner.end(1, error);
    await pass(0);
    remembered.inner.end(0, cleanVerdict);
    expect((await Promise.all(asked)).map(({ kind }) => kind)).toEqual(["clean", "clean"]);
    expect(remembered.scans).toBe(2);
  });

  it("those who scanned answer as they heard when all comes to nothing", async () => {
    const asked = [askWithin(10_000), askWithin(10_000)];
    await begun();
    await pass(5000);
    remembered.inner.end(0, { ...error, message: "first" });
    await pass(0);
    remembered.inner.end(1, { ...error, message: "second" });
    expect((await Promise.all(asked)).map(({ message }) => message)).toEqual(["first", "second"]);
    expect(remembered.scans).toBe(2);
  });

  it("one who may not use the verdict of another waits for its own", async () => {
    const picky = askWithin(10_000, { cacheTtl: { cleanMs: 0, blockedMs: 1000 } });
    const other = askWithin(10_000);
    await begun();
    await pass(5000);
    remembered.inner.end(1, cleanVerdict);
    expect((await other).kind).toBe("clean");
    expect(scanNumber(0).signal.aborted).toBe(false);
    remembered.inner.end(0, error);
    expect((await picky).kind).toBe("error");
  });

  it("one who waits for its own alone takes it along when it leaves", async () => {
    const gone = new AbortController();
    void askWithin(10_000, { cacheTtl: { cleanMs: 0, blockedMs: 1000 }, signal: gone.signal });
    const other = askWithin(10_000);
    await begun();
    await pass(5000);
    remembered.inner.end(1, cleanVerdict);
    await other;
    gone.abort();
    expect(scanNumber(0).signal.aborted).toBe(true);
    remembered.inner.end(0, error);
  });

  it("nobody scans along with a scan that has just begun, after a wait for another process", async () => {
    const { cache } = remembered;
    const wait = Promise.withResolvers<void>();
    const claim = cache.claim.bind(cache);
    cache.claim = (key) => wait.promise.then(() => claim(key));
    void askWithin(10_000);
    void askWithin(10_000);
    await pass(4999);
    wait.resolve();
    await begun();
    await pass(2499);
    expect(remembered.scans).toBe(1);
    await pass(1);
    expect(remembered.scans).toBe(2);
  });

  it("those who come after the second scan began make a third when that hangs too", async () => {
    void askWithin(10_000);
    void askWithin(10_000);
    await begun();
    await pass(6000);
    void askWithin(10_000);
    void askWithin(10_000);
    await pass(4999);
    expect(remembered.scans).toBe(2);
    await pass(1);
    expect(remembered.scans).toBe(3);
  });

  it("those who come after the deadline of the first begin anew", async () => {
    void askWithin(10_000);
    void askWithin(40_000);
    await begun();
    await pass(9999);
    const late = askWithin(10_000);
    await pass(1);
    expect(remembered.scans).toBe(1);
    const anew = askWithin(10_000);
    await pass(0);
    expect(remembered.scans).toBe(2);
    remembered.inner.end(1, cleanVerdict);
    expect((await anew).kind).toBe("clean");
    remembered.inner.end(0, cleanVerdict);
    expect((await late).kind).toBe("clean");
  });

  it("those who come then share one scan, also when the old one is given up", async () => {
    const gone = new AbortController();
    void askWithin(10_000, { signal: gone.signal });
    await begun();
    await pass(10_000);
    const anew = askWithin(10_000);
    await pass(0);
    gone.abort();
    const late = askWithin(10_000);
    await pass(0);
    expect(remembered.scans).toBe(2);
    remembered.inner.end(1, cleanVerdict);
    expect((await Promise.all([anew, late])).map(({ kind }) => kind)).toEqual(["clean", "clean"]);
    remembered.inner.end(0, error);
  });

  it("one without a deadline scans along after a minute", async () => {
    void askWithin(10_000);
    void remembered.ask();
    await begun();
    await pass(59_999);
    expect(remembered.scans).toBe(1);
    await pass(1);
    expect(remembered.scans).toBe(2);
  });

  it("nobody scans along who has left", async () => {
    const gone = new AbortController();
    void askWithin(10_000);
    void askWithin(8000, { signal: gone.signal });
    await begun();
    gone.abort();
    await pass(9000);
    expect(remembered.scans).toBe(1);
  });

  it("a scanner that was silent for all of one's time hears of it", async () => {
    const gone = new AbortController();
    void askWithin(6000, { signal: gone.signal, retain: () => () => {} });
    const other = askWithin(14_000);
    await begun();
    await pass(6000);
    gone.abort(OUT_OF_TIME);
    await pass(1000);
    remembered.inner.end(1, cleanVerdict);
    expect((await other).kind).toBe("clean");
    expect(scanNumber(0).signal.reason).toBe(OUT_OF_TIME);
    remembered.inner.end(0, error);
  });

  it("the second scan is given up with the last who waits when the first was for one alone", async () => {
    const gone = new AbortController();
    const first = askWithin(20_000);
    void askWithin(8000, { signal: gone.signal, retain: () => () => {} });
    await begun();
    await pass(4000);
    gone.abort();
    expect(scanNumber(1).signal.aborted).toBe(false);
    const unshared = { kind: VerdictKind.Unscannable, reason: "size", threats: [] } as const;
    remembered.inner.end(0, unshared);
    expect(await first).toEqual(unshared);
    expect(isNotNeeded(scanNumber(1).signal)).toBe(true);
    remembered.inner.end(1, error);
  });

  it("the first remembers what the second heard while the store was still asked", async () => {
    const claimed = Promise.withResolvers<void>();
    const ends: (RememberedVerdict | undefined)[] = [];
    const claim = async (_key: VerdictKey, { signal }: ClaimTerms): Promise<Claim> => {
      signal.addEventListener("abort", () => claimed.resolve(), { once: true });
      await claimed.promise;
      return { kind: "turn", end: (found) => ends.push(found) };
    };
    Object.assign(remembered.cache, { claim });
    const asked = [askWithin(10_000), askWithin(10_000)];
    await pass(5000);
    remembered.inner.end(0, cleanVerdict);
    expect((await Promise.all(asked)).map(({ kind }) => kind)).toEqual(["clean", "clean"]);
    expect((await remembered.ask()).cached).toBe(true);
    await pass(0);
    // The right to scan is given back: nobody else waits for it.
    expect(ends).toEqual([undefined]);
    expect(remembered.scans).toBe(1);
  });
});
