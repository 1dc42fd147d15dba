import { describe, expect, it } from "vitest";
import { compileRules, ruleProblems } from "../../../../src/services/rules/index.ts";
import { type FactsOverrides, factsOf } from "./facts-of.ts";

const problem = (when: string) => ruleProblems([{ when }])[0]?.message;

function decide(when: string, overrides: FactsOverrides = {}) {
  return compileRules([{ name: "rule", when, action: "Block" }]).decide(factsOf(overrides));
}

/** Expressions that block an event loop for minutes with a back-tracking engine. */
const EVIL_PATTERNS = [
  "^(a+)+$",
  "^(a|a)*$",
  "^(a|aa)+$",
  "(.*a){20}x",
  "^(([a-z])+.)+[A-Z]([a-z])+$",
  "(x+x+)+y",
];

describe("matches()", () => {
  it.each(EVIL_PATTERNS)("is refused with the pattern %s", (pattern) => {
    expect(problem(`request.url.matches("${pattern}")`)).toMatch(/matches\(\) .* use re\(\)/);
  });

  it.each([
    'matches(request.url, "a")',
    '"text".matches("a")',
    '!(request.method == "GET" && request.url.matches("a"))',
    'client.groups.exists(g, g.matches("a"))',
    'request.method == "GET" ? request.url.matches("a") : false',
    '[request.url.matches("a")][0]',
    '{"k": request.url.matches("a")}["k"]',
  ])("is refused wherever it stands: %s", (when) => {
    expect(problem(when)).toMatch(/matches\(\)/);
  });
});

describe("re()", () => {
  // With a back-tracking engine each of these runs for minutes or for ever: the test would time out.
  it.each(EVIL_PATTERNS)("ends on a crafted text with %s", (pattern) => {
    const path = `${"a".repeat(16_000)}!`;
    expect(decide(`request.path.re("${pattern}")`, { request: { path } }).action).toBe("Scan");
  });
});

describe("what grows without bound", () => {
  it.each([
    ["client.groups.map(g, g + g).size() > 0", /map\(\) can grow/],
    ['cel.bind(a, "x", a + a == "xx")', /bind\(\) can grow/],
  ])("is refused: %s", (when, message) => {
    expect(problem(when)).toMatch(message);
  });

  it("is refused in macros nested three deep", () => {
    const when = "client.groups.all(a, client.groups.all(b, client.groups.all(c, a == b)))";
    expect(problem(when)).toBe("all() is nested deeper than 2 levels");
  });

  it("is taken in macros nested two deep", () => {
    expect(
      problem('client.groups.exists(g, ["a", "b"].exists(p, g.startsWith(p)))'),
    ).toBeUndefined();
  });

  it.each(["exists", "all", "exists_one", "filter"])("stops %s() after 10,000 steps", (macro) => {
    const groups = Array.from({ length: 20_000 }, (_, index) => `g${index}`);
    const inner = macro === "all" ? 'h != "x"' : 'h == "x"';
    const close = macro === "filter" ? ".size() == 0" : "";
    const when = `client.groups.${macro}(g, client.groups.exists(h, ${inner} && g == h))${close} || false`;
    const { action, failures } = decide(when, { client: { groups } });
    expect({ action, failures }).toEqual({
      action: "Error",
      failures: [{ rule: "rule", message: "the rule takes more than 10000 steps" }],
    });
  });

  it("starts each decision with all its steps", () => {
    const groups = Array.from({ length: 6000 }, (_, index) => `g${index}`);
    const rules = compileRules([
      { name: "a", when: 'client.groups.exists(g, g == "x")', action: "Block" },
      { name: "b", when: 'client.groups.exists(g, g == "y")', action: "Block" },
    ]);
    const facts = factsOf({ client: { groups } });
    expect([rules.decide(facts).action, rules.decide(facts).action]).toEqual(["Scan", "Scan"]);
  });

  it.each([
    ["characters", `"${"a".repeat(2050)}" == "a"`, /longer than 2048 characters/],
    ["nodes", Array(200).fill("1<2").join("&&"), /maxAstNodes/],
    ["depth", `${"(!".repeat(40)}true${")".repeat(40)}`, /maxDepth/],
    ["list entries", `1 in [${Array.from({ length: 300 }, () => 1).join(",")}]`, /maxListElements/],
  ])("is refused by its number of %s", (_what, when, message) => {
    expect(problem(when)).toMatch(message);
  });
});

describe("the inside of the process", () => {
  it.each([
    'request.constructor == "x"',
    'request.__proto__ == "x"',
    'request.prototype == "x"',
    'request.headers.constructor == "x"',
    '"".constructor == "x"',
    'process == "x"',
    'globalThis == "x"',
    "dyn(request) == 1",
    "type(request) == string",
  ])("cannot be reached: %s", (when) => {
    const refused = problem(when);
    const { action } = decide(when);
    expect(refused !== undefined || action === "Error").toBe(true);
  });

  it("does not leak through a header named like a method of objects", () => {
    expect(decide('"constructor" in request.headers').action).toBe("Scan");
  });
});
