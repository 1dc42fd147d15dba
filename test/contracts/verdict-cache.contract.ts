import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RememberedVerdict, VerdictCache, VerdictKey } from "../../src/cache/verdict-cache.ts";
import { VerdictKind, VerdictReason } from "../../src/scanning/index.ts";

export interface VerdictCacheUnderTest {
  /** Empty, on the clock that is given. */
  readonly create: (now: () => number) => Promise<VerdictCache>;
}

const START = Date.UTC(2026, 10, 22);
const MINUTE_MS = 60_000;
const HASH = "5".repeat(64);

function keyOf(digest: string, about: Partial<VerdictKey> = {}): VerdictKey {
  return {
    digest: digest.padEnd(32, "-"),
    scanner: "IcapScanner/a/clamav",
    sha256: HASH,
    ...about,
  };
}

function cleanAt(judgedAt: number, ttlMs = MINUTE_MS): RememberedVerdict {
  const verdict = { kind: VerdictKind.Clean, cached: true, threats: [] };
  return { verdict, begunAt: judgedAt, judgedAt, expiresAt: judgedAt + ttlMs };
}

const terms = {
  accepts: () => true,
  signal: new AbortController().signal,
  deadlineAt: undefined,
};

/** What every `VerdictCache` promises, wherever it keeps verdicts. */
export function describeVerdictCacheContract(name: string, subject: VerdictCacheUnderTest): void {
  describe(`${name} keeps the contract of a verdict cache`, () => {
    let cache: VerdictCache;
    let now = START;
    beforeEach(async () => {
      now = START;
      cache = await subject.create(() => now);
    });
    afterEach(async () => {
      await cache.close();
    });

    /** Writes are not waited for; the next answer of the same store comes after them. */
    const stored = async (key: VerdictKey, remembered: RememberedVerdict): Promise<void> => {
      cache.set(key, remembered);
      await expect.poll(() => cache.get(key)).toBeDefined();
    };

    it("knows nothing at first", async () => {
      expect(await cache.get(keyOf("unheard"))).toBeUndefined();
    });

    it("gives back what it was given", async () => {
      const remembered: RememberedVerdict = {
        verdict: {
          kind: VerdictKind.Blocked,
          cached: true,
          reason: VerdictReason.Malware,
          score: 0.97,
          message: "Schädling gefunden",
          threats: [
            { name: "Eicar", path: "a.zip/eicar.com", engine: "clamav", ref: "https://a.example" },
          ],
        },
        begunAt: START - 61_000,
        judgedAt: START - 1000,
        expiresAt: START + MINUTE_MS,
      };
      await stored(keyOf("whole"), remembered);
      expect(await cache.get(keyOf("whole"))).toEqual(remembered);
    });

    it.each([
      VerdictKind.Clean,
      VerdictKind.Blocked,
      VerdictKind.Suspicious,
      VerdictKind.Unscannable,
      VerdictKind.Unknown,
    ])("keeps verdicts of the kind %s", async (kind) => {
      const remembered = { ...cleanAt(START), verdict: { kind, cached: true, threats: [] } };
      await stored(keyOf(kind), remembered);
      expect((await cache.get(keyOf(kind)))?.verdict.kind).toBe(kind);
    });

    it("keeps keys apart", async () => {
      await stored(keyOf("one"), cleanAt(START));
      expect(await cache.get(keyOf("other"))).toBeUndefined();
    });

    it("gives the later of two verdicts", async () => {
      await stored(keyOf("twice"), cleanAt(START - 10));
      cache.set(keyOf("twice"), cleanAt(START));
      await expect.poll(async () => (await cache.get(keyOf("twice")))?.judgedAt).toBe(START);
    });

    it("knows by itself only what `get` knows as well", async () => {
      expect(cache.near(keyOf("near"))).toBeUndefined();
      await stored(keyOf("near"), cleanAt(START));
      const near = cache.near(keyOf("near"));
      expect(near ?? cleanAt(START)).toEqual(cleanAt(START));
    });

    it("gives a turn to the first who claims what is unknown", async () => {
      expect((await cache.claim(keyOf("claimed"), terms)).kind).toBe("turn");
    });

    it("remembers what a turn ends with", async () => {
      const claim = await cache.claim(keyOf("turn"), terms);
      if (claim.kind !== "turn") throw new Error("it should be its turn");
      claim.end(cleanAt(START));
      await expect.poll(() => cache.get(keyOf("turn"))).toEqual(cleanAt(START));
    });

    it("gives another turn after one that ended with nothing", async () => {
      const claim = await cache.claim(keyOf("nothing"), terms);
      if (claim.kind !== "turn") throw new Error("it should be its turn");
      claim.end(undefined);
      expect((await cache.claim(keyOf("nothing"), terms)).kind).toBe("turn");
    });

    it("forgets the verdicts of one scanner", async () => {
      const other = keyOf("c", { scanner: "IcapScanner/a/yara" });
      await stored(keyOf("b"), cleanAt(START));
      await stored(other, cleanAt(START));
      await cache.purge({ scanner: "IcapScanner/a/clamav", before: START + 1 });
      expect(await cache.get(keyOf("b"))).toBeUndefined();
      expect(await cache.get(other)).toBeDefined();
    });

    it("forgets the verdicts on one content", async () => {
      const other = keyOf("e", { sha256: "6".repeat(64) });
      await stored(keyOf("d"), cleanAt(START));
      await stored(other, cleanAt(START));
      await cache.purge({ sha256: HASH, before: START + 1 });
      expect(await cache.get(keyOf("d"))).toBeUndefined();
      expect(await cache.get(other)).toBeDefined();
    });

    it("forgets one scanner's verdict on one content alone", async () => {
      const otherScanner = keyOf("g", { scanner: "IcapScanner/a/yara" });
      const otherContent = keyOf("h", { sha256: "6".repeat(64) });
      for (const key of [keyOf("f"), otherScanner, otherContent]) await stored(key, cleanAt(START));
      await cache.purge({ scanner: "IcapScanner/a/clamav", sha256: HASH, before: START + 1 });
      expect(await cache.get(keyOf("f"))).toBeUndefined();
      expect(await cache.get(otherScanner)).toBeDefined();
      expect(await cache.get(otherContent)).toBeDefined();
    });

    it("forgets what was judged before a time and keeps what came later", async () => {
      await stored(keyOf("old"), cleanAt(START - 100));
      await stored(keyOf("new"), cleanAt(START));
      await cache.purge({ before: START });
      expect(await cache.get(keyOf("old"))).toBeUndefined();
      expect(await cache.get(keyOf("new"))).toBeDefined();
    });

    it("forgets what was scanned before a time and judged after it, whenever it is told", async () => {
      const overtaken = { ...cleanAt(START), begunAt: START - 100 };
      await stored(keyOf("overtaken"), overtaken);
      await cache.purge({ before: START });
      cache.set(keyOf("later"), overtaken);
      await stored(keyOf("after"), cleanAt(START));
      expect(await cache.get(keyOf("overtaken"))).toBeUndefined();
      expect(await cache.get(keyOf("later"))).toBeUndefined();
    });

    it("tells of a verdict that it was purged", async () => {
      await cache.purge({ sha256: HASH, before: START });
      expect(cache.isPurged(keyOf("x"), { ...cleanAt(START), begunAt: START - 1 })).toBe(true);
      expect(cache.isPurged(keyOf("x"), cleanAt(START))).toBe(false);
    });

    it("remembers again what is judged after a purge", async () => {
      await cache.purge({ before: START });
      await stored(keyOf("again"), cleanAt(START));
      expect(await cache.get(keyOf("again"))).toEqual(cleanAt(START));
    });

    it("tells its tiers", async () => {
      await stored(keyOf("counted"), cleanAt(START));
      const stats = await cache.stats();
      expect(stats.length).toBeGreaterThan(0);
      for (const tier of stats) {
        expect(tier).toMatchObject({ available: true });
        expect(tier.entries).toBeGreaterThanOrEqual(1);
        expect(tier.bytes).toBeGreaterThan(0);
      }
    });

    it("knows nothing and lets everybody scan once it is closed", async () => {
      await stored(keyOf("closed"), cleanAt(START));
      await cache.close();
      expect(await cache.get(keyOf("closed"))).toBeUndefined();
      expect((await cache.claim(keyOf("closed"), terms)).kind).toBe("turn");
    });

    it("may be closed twice", async () => {
      await cache.close();
      await expect(cache.close()).resolves.toBeUndefined();
    });
  });
}
