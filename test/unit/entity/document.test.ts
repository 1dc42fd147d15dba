import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import {
  EXTRACTION_DEFAULTS,
  ProblemReason,
  SPOOL_DEFAULTS,
  SpoolFailureKind,
} from "../../../src/entity/index.ts";
import { problem } from "../../../src/entity/problem.ts";

const page = await readFile(new URL("../../../docs/entities.md", import.meta.url), "utf8");

/** The rows of the table under the line that begins with `header`, without the rule below it. */
function rowsOf(header: string): string[][] {
  const lines = page.split("\n");
  const start = lines.findIndex((line) => line.startsWith(header));
  const end = lines.findIndex((line, at) => at > start && !line.startsWith("|"));
  const cells = (line: string) => line.split("|").slice(1, -1);
  return lines.slice(start + 2, end).map((line) => cells(line).map((cell) => cell.trim()));
}

const inUnits = (value: number): string => {
  if (value % 1024 ** 3 === 0) return `${value / 1024 ** 3} GiB`;
  if (value % 1024 ** 2 === 0) return `${value / 1024 ** 2} MiB`;
  return value % 1024 === 0 ? `${value / 1024} KiB` : String(value);
};

const code = (row: readonly string[]): string[] =>
  [...(row[0] ?? "").matchAll(/`([^`]+)`/g)].map(([, name]) => name as string);

describe("docs/entities.md", () => {
  it("lists the problems of the code with their kinds, both ways", () => {
    const documented = rowsOf("| reason").map(([reason, kind]) => [reason, kind]);
    const known = Object.values(ProblemReason).map((reason) => problem(reason));
    expect(documented).toEqual(known.map(({ reason, kind }) => [`\`${reason}\``, kind]));
  });

  it("lists the failures of the code, both ways", () => {
    const documented = rowsOf("| failure").flatMap(code);
    expect(documented).toEqual(Object.values(SpoolFailureKind));
  });

  it("lists the limits of the code with their defaults, both ways", () => {
    const rows = page
      .split("\n")
      .flatMap((line) => (line.startsWith("| limit") ? [page.indexOf(line)] : []));
    expect(rows).toHaveLength(2);
    const documented = new Map<string, string>();
    for (const header of ["| limit | default | when", "| limit | default | problem"]) {
      for (const row of rowsOf(header)) {
        const values = (row[1] ?? "").split(", ");
        for (const [at, name] of code(row).entries()) documented.set(name, values[at] ?? "");
      }
    }
    const known = { ...SPOOL_DEFAULTS, ...EXTRACTION_DEFAULTS };
    expect(Object.fromEntries(documented)).toEqual(
      Object.fromEntries(Object.entries(known).map(([name, value]) => [name, inUnits(value)])),
    );
  });
});
