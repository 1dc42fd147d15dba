import { describe, expect, it } from "vitest";
import { type OutcomeSettings, passes } from "../../../../src/services/rules/index.ts";

const settings: OutcomeSettings = {
  on: {
    error: "Block",
    timeout: "Allow",
    oversize: "Block",
    unscannable: "Error",
    suspicious: "Allow",
    unknown: "Allow",
    pending: "Block",
  },
  mode: "Enforce",
  clientProfile: "Browser",
};

describe("a verdict passes", () => {
  it.each([
    [{ kind: "clean" }, true],
    [{ kind: "blocked" }, false],
    [{ kind: "suspicious" }, true],
    [{ kind: "unscannable" }, false],
    [{ kind: "pending" }, false],
    [{ kind: "error", reason: "engine-error" }, false],
    [{ kind: "error", reason: "timeout" }, true],
    [{ kind: "error", reason: "timeout", also: ["error"] }, false],
    [{ kind: "suspicious", also: ["unknown"] }, true],
    [{ kind: "suspicious", also: ["unscannable"] }, false],
    [{ kind: "no such word" }, false],
  ])("%j: %s", (verdict, expected) => {
    expect(passes(verdict, settings)).toBe(expected);
  });

  it("in a dry run where it would pass if it counted", () => {
    const dry = { ...settings, mode: "Monitor" } as const;
    expect([passes({ kind: "blocked" }, dry), passes({ kind: "clean" }, dry)]).toEqual([
      false,
      true,
    ]);
  });
});
