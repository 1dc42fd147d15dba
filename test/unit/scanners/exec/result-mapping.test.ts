import { describe, expect, it } from "vitest";
import type { ProgramResult } from "../../../../src/scanners/exec/result-language.ts";
import { ResultMapping } from "../../../../src/scanners/exec/result-mapping.ts";

const result = (changes: Partial<ProgramResult> = {}): ProgramResult => ({
  exitCode: 0,
  signal: "",
  stdout: "",
  stderr: "",
  ...changes,
});

function verdictOf(
  config: Partial<ConstructorParameters<typeof ResultMapping>[0]>,
  changes: Partial<ProgramResult> = {},
) {
  return new ResultMapping({ name: "exec", exitCodes: {}, ...config }).verdict(result(changes));
}

describe("what a program's end means", () => {
  const exitCodes = { "0": "clean", "1": "blocked", "2": "unscannable" } as const;

  it.each([
    [0, "clean", undefined],
    [1, "blocked", "malware"],
    [2, "unscannable", undefined],
    [3, "error", "engine-error"],
    [-1, "error", "engine-error"],
  ])("is by its code %d: %s", (exitCode, kind, reason) => {
    const verdict = verdictOf({ exitCodes }, { exitCode });
    expect([verdict.kind, verdict.reason]).toEqual([kind, reason]);
  });

  it("is an error after a signal, whatever the codes say", () => {
    const verdict = verdictOf({ exitCodes }, { exitCode: 0, signal: "SIGKILL" });
    expect(verdict).toMatchObject({ kind: "error", message: "the program was ended by SIGKILL" });
  });

  it("is for the expression where no code is named", () => {
    const verdict = 'exitCode == 9 && json.score > 5 ? "suspicious" : "clean"';
    const config = { exitCodes: { "0": "blocked" }, verdict } as const;
    expect(verdictOf(config, { exitCode: 9, stdout: '{"score": 7}' }).kind).toBe("suspicious");
    expect(verdictOf(config, { exitCode: 0 }).kind).toBe("blocked");
  });

  it.each([
    ['"infected"', "a word that is none"],
    ['"pending"', "a word that is not for it to say"],
    ["json.verdict", "JSON that is not there"],
    ["lines[0]", "a line that is not there"],
  ])("is an error for the expression %s: %s", (verdict) => {
    expect(verdictOf({ verdict }).kind).toBe("error");
  });

  it("has the names of what was found", () => {
    const config = {
      exitCodes: { "0": "blocked" },
      threats: 'lines.filter(l, l.startsWith("+")).map(l, l.substring(1))',
    } as const;
    expect(verdictOf(config, { stdout: "+one\r\n-two\n\n+three\n" }).threats).toEqual([
      { engine: "exec", name: "one" },
      { engine: "exec", name: "three" },
    ]);
  });

  it("has more about them where the expression tells it", () => {
    const config = {
      exitCodes: { "0": "blocked" },
      threats: 'json.hits.map(h, {"name": h.rule, "path": h.file})',
    } as const;
    const stdout = '{"hits": [{"rule": "R", "file": "a/b"}]}';
    expect(verdictOf(config, { stdout }).threats).toEqual([
      { engine: "exec", name: "R", path: "a/b" },
    ]);
  });

  it("has no threats when it is clean", () => {
    const config = { exitCodes: { "0": "clean" }, threats: "lines" } as const;
    expect(verdictOf(config, { stdout: "x" }).threats).toEqual([]);
  });

  it.each([
    ["0.5", 0.5],
    ["1.5", undefined],
  ])("has the score %s, unless that is none", (score, expected) => {
    expect(verdictOf({ exitCodes: { "0": "suspicious" }, score }).score).toBe(expected);
  });

  it("costs bounded time, however much the program wrote", () => {
    const config = {
      verdict: 'lines.exists(a, lines.exists(b, a == b + "x")) ? "blocked" : "clean"',
    };
    const stdout = Array.from({ length: 10_000 }, (_, index) => index).join("\n");
    expect(verdictOf(config, { stdout })).toMatchObject({
      kind: "error",
      message: expect.stringContaining("steps"),
    });
  });
});
