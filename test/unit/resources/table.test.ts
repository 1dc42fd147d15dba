import { describe, expect, it } from "vitest";
import { compile, readTable } from "../../../src/resources/index.ts";
import { sealTable } from "../../../src/resources/table.ts";
import { clusterScanner, options, rule, service, usesShared } from "./builders.ts";

const { table } = compile(
  [
    clusterScanner(),
    service({
      scanners: [usesShared()],
      rules: [rule("r", "true", "Skip", { message: "m" })],
      block: { page: { inline: "<p>No" } },
    }),
  ],
  options,
);

type Editable = {
  services: Record<string, unknown>[];
  scanners: unknown[];
  pages: object;
  revision: string;
};

function edited(edit: (copy: Editable) => void): string {
  const copy = structuredClone(table) as unknown as Editable;
  edit(copy);
  return JSON.stringify(copy);
}

describe("a table", () => {
  it("is read back as it was written", () => {
    expect(readTable(JSON.stringify(table))).toEqual({ table });
  });

  it("with another content than its revision says is refused", () => {
    const text = edited(({ services }) => {
      services[0] = { ...services[0], path: "/other" };
    });
    expect(readTable(text)).toEqual({
      refused: `the content does not have the revision ${table.revision}`,
    });
  });

  it.each([
    ["", /^not a routing table/],
    ["{", /^not a routing table/],
    ["null", /^not a routing table/],
    ["[]", /^not a routing table/],
    [edited((copy) => Object.assign(copy, { format: 2 })), /^not a routing table/],
    [
      edited(({ services }) => Object.assign(services[0] ?? {}, { secret: 1 })),
      /^not a routing table/,
    ],
    [edited((copy) => Object.assign(copy, { revision: "0".repeat(63) })), /^not a routing table/],
  ])("that is none is refused: %s", (text, reason) => {
    expect(readTable(text)).toEqual({ refused: expect.stringMatching(reason) });
  });

  it("says nothing of what a refused text holds beyond a bounded part", () => {
    const text = JSON.stringify({ secret: "x".repeat(10_000) });
    const result = readTable(text) as { refused: string };
    expect(result.refused.length).toBeLessThan(600);
  });

  it("has another revision when anything in it differs", () => {
    const other = compile([clusterScanner(), service({ scanners: [usesShared()] })], options).table;
    expect(other.revision).not.toBe(table.revision);
  });

  it.each([
    [
      { ...table, scanners: [] },
      /uses scanner ClusterIcapScanner\/shared, which the table does not hold/,
    ],
    [{ ...table, pages: {} }, /uses page [0-9a-f]{64}, which the table does not hold/],
  ])("whose references lead nowhere is refused", (lacking, reason) => {
    expect(readTable(JSON.stringify(sealTable(lacking)))).toEqual({
      refused: expect.stringMatching(reason),
    });
  });
});
