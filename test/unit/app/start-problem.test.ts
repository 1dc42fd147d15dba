import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { refuse, startProblem } from "../../../src/app/scanners/start-problem.ts";

it("names a file that cannot be read, and says why", async () => {
  const error = await readFile("/nonexistent/list.txt").catch((reason: unknown) => reason);
  expect(startProblem(error)).toBe(
    "/nonexistent/list.txt: cannot be read: no such file or directory",
  );
});

it.each([
  [new Error("rules are wrong"), "rules are wrong"],
  ["odd", "odd"],
])("leaves the words of other errors as they are", (error, text) => {
  expect(startProblem(error)).toBe(text);
});

it("carries every problem, and what caused them", () => {
  const cause = new Error("why");
  expect(() => refuse(["a", "b"], cause)).toThrow(
    expect.objectContaining({ message: "a; b", problems: ["a", "b"], cause }),
  );
});
