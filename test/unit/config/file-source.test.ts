import { describe, expect, it } from "vitest";
import { formatProblems, loadSettings } from "../../../src/config/index.ts";

const load = (file: string) =>
  loadSettings({ argv: ["--config", "s.yaml"], env: {}, readFile: () => file });

function problems(file: string): string[] {
  const loaded = load(file);
  return loaded.ok ? [] : formatProblems(loaded.problems).split("\n");
}

describe("the settings file", () => {
  it("may be empty", () => {
    expect(load("")).toMatchObject({ ok: true });
  });

  it("may be JSON", () => {
    expect(load('{"drain": {"delay": "1s"}}')).toMatchObject({
      settings: { drain: { delay: 1000 } },
    });
  });

  it("may hold a section without settings", () => {
    expect(load("drain:\n#  delay: 1s\n")).toMatchObject({ ok: true });
  });

  it("may use anchors for values", () => {
    const file = "limits: {headTimeout: &t 7s, bodyTimeout: *t}";
    expect(load(file)).toMatchObject({ settings: { limits: { bodyTimeout: 7000 } } });
  });

  it("may use anchors for sections", () => {
    const file = "drain: &d\n  delay: 1s\nlimits: *d\n";
    expect(problems(file)).toEqual([
      's.yaml:2: limits.delay: unknown setting, did you mean "drain.delay"?',
    ]);
  });

  it("holds lists as lists", () => {
    expect(load("listen:\n  icap:\n  - 127.0.0.1:1\n  - :2\n")).toMatchObject({
      settings: { listen: { icap: [{ host: "127.0.0.1", port: 1 }, { port: 2 }] } },
    });
  });

  it("may hold a list of one as a plain value", () => {
    expect(load("listen: {icap: '[::1]:9'}")).toMatchObject({
      settings: { listen: { icap: [{ host: "::1", port: 9 }] } },
    });
  });

  it("names the sibling that was probably meant, with its line", () => {
    expect(problems("limits:\n\n  headTimout: 3s\n")).toEqual([
      's.yaml:3: limits.headTimout: unknown setting, did you mean "headTimeout"?',
    ]);
  });

  it("names the section of a setting in the wrong place", () => {
    expect(problems("maxConnections: 5")).toEqual([
      's.yaml:1: maxConnections: unknown setting, did you mean "limits.maxConnections"?',
    ]);
  });

  it("refuses a setting that nothing resembles", () => {
    expect(problems("frobnicate: true")).toEqual(["s.yaml:1: frobnicate: unknown setting"]);
  });

  it("refuses names that every object has", () => {
    expect(problems("constructor: 1\n__proto__: {}\n")).toEqual([
      "s.yaml:1: constructor: unknown setting",
      "s.yaml:2: __proto__: unknown setting",
    ]);
  });

  it("refuses a key that is no name", () => {
    expect(problems("[1, 2]: 3")).toEqual(["s.yaml:1: [1,2]: unknown setting"]);
  });

  it("refuses a value in the place of a section", () => {
    expect(problems("drain: 5s")).toEqual([
      "s.yaml:1: drain: must be a section with delay, timeout, idleSpread",
    ]);
  });

  it("refuses a list in the place of the file", () => {
    expect(problems("- drain")[0]).toMatch(/^s\.yaml: must be a section with listen, limits/);
  });

  it("refuses a section in the place of a value", () => {
    expect(problems("workers: {n: 1}")).toEqual([
      's.yaml:1: workers: must be auto or a whole number from 1 to 1024, not {"n":1}',
    ]);
  });

  it("refuses a setting without a value", () => {
    expect(problems("workers:")).toEqual([
      "s.yaml:1: workers: must be auto or a whole number from 1 to 1024, not null",
    ]);
  });

  it("refuses the same setting twice", () => {
    expect(problems("workers: 1\nworkers: 2\n")).toEqual(["s.yaml:2: Map keys must be unique"]);
  });

  it("says in which line its syntax breaks", () => {
    expect(problems('workers: 1\nlog: "x\n')[0]).toMatch(/^s\.yaml:\d: /);
  });

  it("refuses several documents", () => {
    expect(problems("workers: 1\n---\nworkers: 2\n")).toHaveLength(1);
  });

  it("refuses aliases that multiply without bound", () => {
    const levels = Array.from({ length: 12 }, (_, n) => `&l${n + 1} [${`*l${n},`.repeat(9)}]`);
    const file = `workers: [&l0 x, ${levels.join(", ")}]`;
    expect(problems(file)).toEqual([
      expect.stringMatching(/^s\.yaml:1: workers: .*[Ee]xcessive alias/),
    ]);
  });
});
