import { describe, expect, it } from "vitest";
import { Language } from "../../../src/cel/index.ts";

const language = new Language({
  noun: "expression",
  variables: [{ name: "value", type: "dyn", description: "Anything." }],
  functions: [],
  standard: { functions: ["int"], methods: [], macros: ["map"] },
  maxLength: 200,
  maxAstNodes: 100,
  maxSteps: 100,
});

function evaluated(source: string, value: unknown): unknown {
  const compiled = language.compile(source, []);
  if (typeof compiled === "string") throw new Error(compiled);
  return compiled.evaluate({ value });
}

describe("int()", () => {
  it.each([
    ["0", 0n],
    ["-12", -12n],
    ["9223372036854775807", 9_223_372_036_854_775_807n],
    [2.9, 2n],
    [-2.9, -2n],
    [7n, 7n],
  ])("reads %s", (value, read) => {
    expect(evaluated("int(value)", value)).toBe(read);
  });

  it.each(["", " ", " 1", "0x10", "0b1", "0o7", "1_0", "1e3", "9223372036854775808", 1e30, NaN])(
    "makes no number of %j",
    (value) => {
      expect(() => evaluated("int(value)", value)).toThrow();
    },
  );

  it("makes none of an empty text within a macro", () => {
    expect(() => evaluated("value.map(x, int(x))", [""])).toThrow("int() of no number");
  });

  it.each([null, true, {}, []])("takes no %j", (value) => {
    expect(() => evaluated("int(value)", value)).toThrow("no matching overload");
  });
});
