import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  type CombineStrategy,
  type Member,
  type Replacement,
  ScannerSet,
  type Verdict,
  VerdictKind,
} from "../../../../src/scanning/index.ts";
import { entityOf, scanContext } from "../../../support/samples/entities.ts";
import { ScriptedScanner } from "../../../support/samples/scripted-scanner.ts";

interface Row {
  readonly answers: readonly string[];
  /** Expected cells by the name of their column. */
  readonly cells: ReadonlyMap<string, string>;
}

const strategies: Readonly<Record<string, CombineStrategy>> = {
  AnyBlocks: { type: "AnyBlocks" },
  First: { type: "First" },
  "Quorum 2": { type: "Quorum", count: 2 },
  "Quorum 3": { type: "Quorum", count: 3 },
  Score: { type: "Score", threshold: 0.5 },
};

const document = readFileSync(new URL("truth-table.md", import.meta.url), "utf8");
const entity = entityOf("x");

function rowsOf(section: string): Row[] {
  const text = document.split("\n## ").find((part) => part.startsWith(`${section}\n`)) ?? "";
  const lines = text.split("\n").filter((line) => line.startsWith("| "));
  const [head = [], ...rows] = lines.map((line) => line.slice(2, -2).split(" | "));
  return rows.map(([answers = "", ...cells]) => ({
    answers: answers.split(", "),
    cells: new Map(cells.map((cell, index) => [head[index + 1] ?? "", cell])),
  }));
}

interface Said {
  readonly verdict: Verdict;
  readonly required: boolean;
}

/** `blocked 0.5?`: kind, score, optional. */
function saidBy(answer: string): Said {
  const [, kind, score, optional] = /^([a-z]+)(?: ([\d.]+))?(\?)?$/.exec(answer) ?? [];
  const verdict = {
    kind: kind as VerdictKind,
    threats: [],
    ...(score !== undefined && { score: Number(score) }),
    ...(kind === VerdictKind.Modified && { replacement: replacement() }),
  };
  return { verdict, required: optional === undefined };
}

function replacement(): Replacement {
  return { body: { ...entity, head: Buffer.alloc(0) }, dispose: () => {} };
}

/** What comes of answers that arrive in this order, the one at `places[i]` in the list i-th. */
async function cellOf(
  strategy: CombineStrategy,
  answers: readonly Said[],
  places: readonly number[],
): Promise<string> {
  const scanners = places.map((place) => new ScriptedScanner(`s${place}`));
  const byPlace: Member[] = [];
  for (const [index, place] of places.entries()) {
    const { required = true } = answers[index] ?? {};
    const scanner = scanners[index] as ScriptedScanner;
    byPlace[place] = { name: scanner.name, scanner, required };
  }
  let heard = 0;
  const set = new ScannerSet(byPlace, {
    name: "set",
    strategy,
    onAnswer: () => {
      heard += 1;
    },
  });
  const scan = set.scan(entity, scanContext());
  for (const [index, { verdict }] of answers.entries()) {
    scanners[index]?.end(0, verdict);
    // As long as the verdict is not out, the set hears of each answer before the next one comes.
    await new Promise(setImmediate);
  }
  const { kind, also = [] } = await scan;
  const others = kind === "clean" || kind === "blocked" ? [] : also;
  return `${[kind, ...others].join("+")} @${heard}`;
}

function permutations(count: number): number[][] {
  if (count === 0) return [[]];
  return permutations(count - 1).flatMap((shorter) =>
    Array.from({ length: count }, (_, at) => shorter.toSpliced(at, 0, count - 1)),
  );
}

/** One line for each order of the list in which the result is not as the table says. */
async function differences(name: string, { answers, cells }: Row): Promise<string[]> {
  const expected = cells.get(name);
  const strategy = strategies[name];
  if (strategy === undefined || expected === undefined || expected === "–") return [];
  const said = answers.map(saidBy);
  const wrong: string[] = [];
  for (const places of permutations(answers.length)) {
    const actual = await cellOf(strategy, said, places);
    if (actual !== expected) wrong.push(`${answers.join(", ")}: ${actual}, not ${expected}`);
  }
  return wrong;
}

/** How many combinations there are of so many kinds. */
const all = (kinds: number, places: number): number => kinds ** places;

describe("the truth table", () => {
  const kinds = Object.values(VerdictKind).length;

  it("has every combination of kinds for up to three judges", () => {
    const rows = rowsOf("All required").map(({ answers }) => answers.join());
    expect(new Set(rows).size).toBe(all(kinds, 1) + all(kinds, 2) + all(kinds, 3));
    expect(rows).toHaveLength(new Set(rows).size);
  });

  it("has every combination of kinds for up to two of which some are optional", () => {
    const rows = rowsOf("Some optional").map(({ answers }) => answers.join());
    expect(new Set(rows).size).toBe(all(kinds, 1) + 3 * all(kinds, 2));
    expect(rows).toHaveLength(new Set(rows).size);
  });

  it("has a cell for every strategy", () => {
    const columns = rowsOf("All required").map(({ cells }) => [...cells.keys()]);
    expect(columns.every((names) => names.join() === Object.keys(strategies).join())).toBe(true);
  });

  describe.each(["All required", "Some optional"])("%s", (section) => {
    const rows = rowsOf(section);
    const kindsFirst = [...new Set(rows.map(({ answers }) => answers[0] ?? ""))];
    const cases = Object.keys(strategies).flatMap((name) =>
      kindsFirst.map((first) => ({ name, first })),
    );

    it.each(cases)("holds for $name when $first comes first", async ({ name, first }) => {
      const begun = rows.filter(({ answers }) => answers[0] === first);
      const wrong = await Promise.all(begun.map((row) => differences(name, row)));
      expect(wrong.flat()).toEqual([]);
    });
  });

  it.each(rowsOf("Scores"))("holds for the scores of $answers", async (row) => {
    expect(await differences("Score", row)).toEqual([]);
  });
});
