import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeVerdict, encodeVerdict, MAX_VALUE_BYTES } from "../../../src/cache/verdict-codec.ts";
import { type Verdict, VerdictKind, VerdictReason } from "../../../src/scanning/index.ts";

const at = {
  begunAt: 1_789_999_990_000,
  judgedAt: 1_790_000_000_000,
  expiresAt: 1_790_000_060_000,
};
const remembered = (verdict: Partial<Verdict>) => ({
  ...at,
  verdict: { kind: VerdictKind.Blocked, threats: [], cached: true, ...verdict },
});
const throughBytes = (verdict: Partial<Verdict>) => {
  const bytes = encodeVerdict(remembered(verdict));
  return bytes && decodeVerdict(bytes);
};

const texts = fc.string({ unit: "grapheme", maxLength: 400 });
const storable = [
  VerdictKind.Clean,
  VerdictKind.Blocked,
  VerdictKind.Suspicious,
  VerdictKind.Unscannable,
  VerdictKind.Unknown,
] as const;
const verdicts = fc.record(
  {
    kind: fc.constantFrom(...storable),
    threats: fc.array(
      fc.record(
        { name: texts, path: texts, engine: texts, ref: texts },
        { requiredKeys: ["name"] },
      ),
      { maxLength: 40 },
    ),
    reason: fc.constantFrom(...Object.values(VerdictReason)),
    score: fc.double({ min: 0, max: 1, noNaN: true }),
    message: texts,
  },
  { requiredKeys: ["kind", "threats"] },
);

describe("a verdict as bytes", () => {
  it("is 16 bytes when it is clean", () => {
    expect(encodeVerdict(remembered({ kind: VerdictKind.Clean }))).toHaveLength(16);
  });

  it("comes back as it was", () => {
    const verdict: Partial<Verdict> = {
      reason: VerdictReason.Malware,
      score: 0.25,
      message: "Schädling 🦠",
      threats: [{ name: "Eicar", path: "a/b", engine: "clamav", ref: "https://x.example" }],
    };
    expect(throughBytes(verdict)).toEqual(remembered(verdict));
  });

  it("never exceeds its limit and always comes back with its kind, reason and score", () => {
    fc.assert(
      fc.property(verdicts, (verdict) => {
        const bytes = encodeVerdict(remembered(verdict)) as Buffer;
        const { kind, reason, score } = verdict;
        expect(bytes.length).toBeLessThanOrEqual(MAX_VALUE_BYTES);
        expect(decodeVerdict(bytes)?.verdict).toMatchObject(
          JSON.parse(JSON.stringify({ kind, reason, score: Object.is(score, -0) ? 0 : score })),
        );
      }),
    );
  });

  it("keeps the first threat when there are too many", () => {
    const threats = Array.from({ length: 5000 }, (_, index) => ({
      name: `Threat.${index}.${"x".repeat(300)}`,
    }));
    expect(throughBytes({ threats })?.verdict.threats[0]?.name).toMatch(/^Threat\.0\.x+…$/);
  });

  it("gives up the message before a threat", () => {
    const threats = Array.from({ length: 5 }, () => ({ name: "n".repeat(160) }));
    const back = throughBytes({ threats, message: "m".repeat(160) })?.verdict;
    expect(back?.threats).toHaveLength(5);
    expect(back?.message).toBeUndefined();
  });

  it("does not cut a character in two", () => {
    const back = throughBytes({ threats: [{ name: `${"x".repeat(159)}🦠🦠` }] });
    expect(back?.verdict.threats[0]?.name.isWellFormed()).toBe(true);
  });

  it.each([VerdictKind.Error, VerdictKind.Pending, VerdictKind.Modified])(
    "does not exist for %s",
    (kind) => {
      expect(encodeVerdict(remembered({ kind }))).toBeUndefined();
    },
  );

  it.each([
    ["nothing", Buffer.alloc(0)],
    ["too few bytes", Buffer.alloc(15)],
    ["an unknown kind", Buffer.from([9, ...Buffer.alloc(15)])],
    ["too many bytes", Buffer.alloc(MAX_VALUE_BYTES + 1)],
    ["text that is no JSON", Buffer.concat([Buffer.alloc(16), Buffer.from("{")])],
    ["JSON that is no object", Buffer.concat([Buffer.alloc(16), Buffer.from("[1]")])],
    ["an unknown reason", Buffer.concat([Buffer.alloc(16), Buffer.from('{"r":"x"}')])],
    ["a message that is no text", Buffer.concat([Buffer.alloc(16), Buffer.from('{"m":1}')])],
    ["a threat without a name", Buffer.concat([Buffer.alloc(16), Buffer.from('{"t":[{}]}')])],
    ["threats that are no list", Buffer.concat([Buffer.alloc(16), Buffer.from('{"t":{}}')])],
  ])("is not made of %s", (_what, bytes) => {
    expect(decodeVerdict(bytes)).toBeUndefined();
  });

  it("is read from any bytes without a throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1200 }), (bytes) => {
        decodeVerdict(Buffer.from(bytes));
      }),
    );
  });
});
