import { describe, expect, it } from "vitest";
import { conformancePage, findProofs, readAssertions } from "../../scripts/generate-conformance.ts";

const assertions = readAssertions();
const proofs = findProofs();
const proven = new Set(proofs.flatMap(({ numbers }) => numbers));

describe("the assertions", () => {
  it("are numbered without a gap", () => {
    expect(assertions.map(({ number }) => number)).toEqual(assertions.map((_, i) => i + 1));
  });

  it("have a test each, or a reason why there can be none", () => {
    const open = assertions.filter(
      ({ number, notApplicable }) => !proven.has(number) && notApplicable === undefined,
    );
    expect(open.map(({ number, when }) => `${number} ${when}`)).toEqual([]);
  });

  it("have no test where they are said not to apply", () => {
    const idle = assertions.filter(({ notApplicable }) => notApplicable !== undefined);
    expect(idle.filter(({ number }) => proven.has(number))).toEqual([]);
  });

  it("exist, for each number that a test carries", () => {
    const known = new Set(assertions.map(({ number }) => number));
    expect(proofs.filter(({ numbers }) => numbers.some((number) => !known.has(number)))).toEqual(
      [],
    );
  });
});

describe("docs/conformance.md", () => {
  const page = conformancePage(assertions, proofs);

  it.each(assertions)(
    "has a row for assertion $number with as many cells as the others",
    ({ number }) => {
      const row = page.split("\n").find((line) => line.startsWith(`| ${number} | `));
      expect(row?.replaceAll(/`[^`]*`/g, "").match(/ \| /g)).toHaveLength(6);
    },
  );
});
