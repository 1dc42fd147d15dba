import { accessSync, readFileSync } from "node:fs";
import { describe, it } from "vitest";

const table = readFileSync(new URL("./programs.tsv", import.meta.url), "utf8");

/** Debian package of each program that tests start, by the program's path. */
const packages = new Map(
  table
    .split("\n")
    .filter((line) => line.includes("\t"))
    .map((line) => line.split("\t") as [string, string]),
);

function isMissing(path: string): boolean {
  if (!packages.has(path)) throw new Error(`${path} is not listed in test/support/programs.tsv`);
  try {
    accessSync(path);
    return false;
  } catch {
    return true;
  }
}

/**
 * `describe` for tests that start installed programs. Where one is absent they are reported as
 * skipped with its name; in CI its absence is a failure, since a skipped test proves nothing.
 */
export function describeWith(programs: readonly string[], title: string, define: () => void): void {
  const absent = programs.filter(isMissing);
  if (absent.length === 0) {
    describe(title, define);
    return;
  }
  const wanted = absent.map((path) => `${path} (Debian package ${packages.get(path)})`).join(", ");
  if (process.env["CI"]) {
    describe(title, () => {
      it("finds the programs it needs", () => {
        throw new Error(`not installed: ${wanted}`);
      });
    });
  } else {
    describe.skip(`${title}; not installed: ${wanted}`, define);
  }
}
