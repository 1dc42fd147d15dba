import { describe, expect, it } from "vitest";
import { combineVerdicts, type Verdict, VerdictKind } from "../../../src/scanning/index.ts";

/** The order that docs/embedded-scanners.md gives, written down once more on purpose. */
const worstFirst = [
  "blocked",
  "error",
  "unscannable",
  "suspicious",
  "pending",
  "modified",
  "unknown",
  "clean",
] as const;

const verdictOf = (kind: Verdict["kind"], threat?: string): Verdict => ({
  kind,
  threats: threat === undefined ? [] : [{ name: threat, engine: "one" }],
});

const upToThree = worstFirst.flatMap((a) => [
  [a],
  ...worstFirst.flatMap((b) => [[a, b], ...worstFirst.map((c) => [a, b, c])]),
]);

describe("combineVerdicts", () => {
  it("knows every kind there is", () => {
    expect([...worstFirst].sort()).toEqual(Object.values(VerdictKind).sort());
  });

  it.each(upToThree)("makes the worst of %s %s %s", (...kinds) => {
    const given = kinds.filter((kind) => kind !== undefined);
    const worst = worstFirst.find((kind) => given.includes(kind));
    expect(combineVerdicts(given.map((kind) => verdictOf(kind))).kind).toBe(worst);
  });

  it("makes error of no verdict at all", () => {
    expect(combineVerdicts([])).toMatchObject({ kind: "error", reason: "engine-error" });
  });

  it("names the other kinds that went into it, but clean, from worst to best", () => {
    const verdict = combineVerdicts(
      (["clean", "unknown", "unscannable", "suspicious"] as const).map((kind) => verdictOf(kind)),
    );
    expect(verdict).toMatchObject({ kind: "unscannable", also: ["suspicious", "unknown"] });
  });

  it("hands on the other kinds of a verdict that was combined before", () => {
    const before = combineVerdicts([verdictOf("unscannable"), verdictOf("suspicious")]);
    expect(combineVerdicts([before, verdictOf("error")]).also).toEqual([
      "unscannable",
      "suspicious",
    ]);
  });

  it("keeps the threats of all, also of those that lost", () => {
    const verdict = combineVerdicts([
      verdictOf("suspicious", "Macro"),
      verdictOf("clean"),
      verdictOf("blocked", "EICAR"),
    ]);
    expect(verdict.threats.map((threat) => threat.name)).toEqual(["Macro", "EICAR"]);
  });

  it("names a threat once when two verdicts of one engine have it", () => {
    const twice = [verdictOf("blocked", "EICAR"), verdictOf("blocked", "EICAR")];
    expect(combineVerdicts(twice).threats).toEqual([{ name: "EICAR", engine: "one" }]);
  });

  it("keeps a threat that two engines found twice, once for each", () => {
    const verdict = combineVerdicts([
      { kind: "blocked", threats: [{ name: "EICAR", engine: "one" }] },
      { kind: "blocked", threats: [{ name: "EICAR", engine: "two" }] },
    ]);
    expect(verdict.threats.map((threat) => threat.engine)).toEqual(["one", "two"]);
  });

  it("takes reason and message from the first of the worst kind", () => {
    const verdict = combineVerdicts([
      { kind: "clean", threats: [], message: "nothing" },
      { kind: "error", reason: "overload", threats: [], message: "full" },
      { kind: "error", reason: "engine-error", threats: [], message: "dead" },
    ]);
    expect(verdict).toEqual({ kind: "error", reason: "overload", threats: [], message: "full" });
  });

  describe("of a timeout and another failure, which a policy tells apart", () => {
    const timeout = { kind: "error", reason: "timeout", threats: [] } as const;
    const failure = { kind: "error", reason: "engine-error", threats: [] } as const;
    const both = { kind: "error", reason: "timeout", also: ["error"] };

    it.each([
      ["names both", [timeout, failure]],
      ["names both in whatever order", [failure, timeout]],
      ["names both when they were combined before", [timeout, combineVerdicts([failure, timeout])]],
      ["names both beside a clean one", [failure, { kind: "clean", threats: [] }, timeout]],
    ] as const)("%s", (_, verdicts) => {
      expect(combineVerdicts(verdicts)).toMatchObject(both);
    });

    it("names one kind where all ran out of time", () => {
      expect(combineVerdicts([timeout, timeout]).also).toBeUndefined();
    });
  });
});
