import { describe, expect, it } from "vitest";
import { isUsable, remember } from "../../../src/cache/lifetime.ts";
import { type Verdict, VerdictKind, VerdictReason } from "../../../src/scanning/index.ts";

const ttl = { cleanMs: 3_600_000, blockedMs: 86_400_000 };
const terms = { ttl, begunAt: 990_000, now: 1_000_000, random: 0 };
const verdictOf = (kind: VerdictKind, about: Partial<Verdict> = {}): Verdict => ({
  kind,
  threats: [],
  ...about,
});
const lifetime = (verdict: Verdict, changes: Partial<typeof terms> = {}) => {
  const remembered = remember(verdict, { ...terms, ...changes });
  return remembered && remembered.expiresAt - remembered.judgedAt;
};

describe("a verdict is remembered", () => {
  it.each([
    [VerdictKind.Clean, 3_600_000],
    [VerdictKind.Blocked, 86_400_000],
    [VerdictKind.Suspicious, 3_600_000],
    [VerdictKind.Unscannable, 3_600_000],
    [VerdictKind.Unknown, 300_000],
  ])("%s for %d ms", (kind, expected) => {
    expect(lifetime(verdictOf(kind))).toBe(expected);
  });

  it.each([VerdictKind.Error, VerdictKind.Pending, VerdictKind.Modified])("never %s", (kind) => {
    expect(lifetime(verdictOf(kind))).toBeUndefined();
  });

  it("no longer than the scanner says", () => {
    expect(lifetime(verdictOf(VerdictKind.Clean, { cache: { ttlMs: 5000 } }))).toBe(5000);
  });

  it("no longer than the service says, whatever the scanner does", () => {
    const advised = verdictOf(VerdictKind.Clean, { cache: { ttlMs: 1e12 } });
    expect(lifetime(advised)).toBe(ttl.cleanMs);
  });

  it.each([
    ["scanner", verdictOf(VerdictKind.Clean, { cache: { ttlMs: 0 } }), ttl],
    ["service", verdictOf(VerdictKind.Clean), { cleanMs: 0, blockedMs: 1 }],
  ])("not where the %s says so", (_who, verdict, times) => {
    expect(lifetime(verdict, { ttl: times })).toBeUndefined();
  });

  it("a tenth less at most, and never longer", () => {
    const times = [0, 0.25, 0.5, 0.999].map((random) =>
      lifetime(verdictOf(VerdictKind.Clean), { random }),
    );
    expect(times).toEqual([3_600_000, 3_510_000, 3_420_000, 3_240_360]);
  });

  it("not with content that takes the place of the old", () => {
    const replacement = { body: {} as never, dispose: () => {} };
    expect(lifetime(verdictOf(VerdictKind.Clean, { replacement }))).toBeUndefined();
  });

  it.each([
    [VerdictReason.Size, undefined],
    [VerdictReason.Type, undefined],
    [VerdictReason.Encrypted, 3_600_000],
    [VerdictReason.ArchiveLimit, 3_600_000],
  ])("as unscannable for %s: %s", (reason, expected) => {
    expect(lifetime(verdictOf(VerdictKind.Unscannable, { reason }))).toBe(expected);
  });

  it("as blocked for its type, which is a judgement", () => {
    const verdict = verdictOf(VerdictKind.Blocked, { reason: VerdictReason.Type });
    expect(lifetime(verdict)).toBe(ttl.blockedMs);
  });

  it("not when several scanners said it together", () => {
    expect(lifetime(verdictOf(VerdictKind.Blocked, { also: ["error"] }))).toBeUndefined();
  });

  it("with what was found and without what was about the scan", () => {
    const verdict = verdictOf(VerdictKind.Blocked, {
      reason: VerdictReason.Malware,
      threats: [{ name: "Eicar" }],
      score: 1,
      message: "found",
      job: "j1",
      epoch: "e1",
      cache: { ttlMs: 1000 },
    });
    expect(remember(verdict, terms)?.verdict).toEqual({
      kind: "blocked",
      reason: "malware",
      threats: [{ name: "Eicar" }],
      score: 1,
      message: "found",
      cached: true,
    });
  });
});

describe("what is remembered is used", () => {
  const remembered = {
    verdict: verdictOf(VerdictKind.Clean),
    begunAt: 990_000,
    judgedAt: 1_000_000,
    expiresAt: 1_060_000,
  };

  it.each([
    ["at once", 1_000_000, ttl, true],
    ["until it expires", 1_059_999, ttl, true],
    ["not when it has expired", 1_060_000, ttl, false],
    ["not when the clock went back behind its making", 999_999, ttl, false],
    ["until it is too old for the service", 1_009_999, { cleanMs: 10_000, blockedMs: 1 }, true],
    ["not when it is too old for the service", 1_010_000, { cleanMs: 10_000, blockedMs: 1 }, false],
    [
      "not by a service that wants none of its kind",
      1_000_000,
      { cleanMs: 0, blockedMs: 1 },
      false,
    ],
  ] as const)("%s", (_when, now, times, expected) => {
    expect(isUsable(remembered, times, now)).toBe(expected);
  });
});
