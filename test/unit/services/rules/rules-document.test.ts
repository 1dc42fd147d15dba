import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ruleProblems } from "../../../../src/services/rules/index.ts";

const page = readFileSync(new URL("../../../../docs/rules.md", import.meta.url), "utf8");

interface Documented {
  readonly name: string;
  readonly when: string;
}

const [, example = ""] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
const { rules } = parse(example) as { readonly rules: readonly Documented[] };
const recipes = [
  ...(page.split("## Recipes")[1] ?? "").matchAll(/^\| (?!to \|)(.+?) \| `(.+)` \|$/gm),
];

describe("docs/rules.md", () => {
  it.each(rules.map(({ name, when }) => [name, when]))(
    "has an example %s that type-checks",
    (_name, when) => {
      expect(ruleProblems([{ when }])).toEqual([]);
    },
  );

  it.each(recipes.map(([, purpose = "", when = ""]) => [purpose, when]))(
    "has a recipe to %s that type-checks",
    (_purpose, when) => {
      expect(ruleProblems([{ when }])).toEqual([]);
    },
  );

  it("has examples and recipes", () => {
    expect([rules.length, recipes.length]).toEqual([3, 8]);
  });
});
