import { expect, it } from "vitest";
import { Language, reFunction } from "../../../src/cel/index.ts";

const language = new Language({
  noun: "expression",
  variables: [{ name: "text", type: "string", description: "A text." }],
  functions: [reFunction('text.re("a")')],
  standard: { functions: [], methods: [], macros: [] },
  maxLength: 100,
  maxAstNodes: 10,
  maxSteps: 10,
});

it("finds no fault with an expression that gives what it must", () => {
  expect(language.problem('text.re("a")', ["bool"])).toBeUndefined();
  expect(language.require('text.re("a")', ["bool"]).evaluate({ text: "cat" })).toBe(true);
});

it.each([
  ["text", "the expression gives string, and must give bool"],
  ["text ==", "it ends too early (column 8)"],
  [
    'text.matches("(a+)+$")',
    "matches() can run for minutes on a crafted text: use re(), which cannot",
  ],
])("tells what is wrong with %s, and makes nothing of it", (source, problem) => {
  expect(language.problem(source, ["bool"])).toContain(problem);
  expect(() => language.require(source, ["bool"])).toThrow(RangeError);
});
