import { describe, expect, it } from "vitest";
import { type RowMeaning, rowsJudge } from "../../../../src/scanners/sql/row-verdict.ts";
import type { Row } from "../../../../src/scanners/sql/sql-driver.ts";

const meaning: RowMeaning = { verdict: "blocked", values: {}, unlisted: "unknown", maxRows: 3 };
const judge = (rows: readonly Row[], more: Partial<RowMeaning> = {}) =>
  rowsJudge({ ...meaning, ...more })(rows);

describe("a verdict of rows", () => {
  it.each([
    [["clean", "blocked", "suspicious"], "blocked"],
    [["clean", "suspicious", "unscannable"], "suspicious"],
    [["clean", "unscannable"], "unscannable"],
    [["unknown", "clean"], "clean"],
    [["unknown"], "unknown"],
    [["clean", "nonsense"], "error"],
    [["blocked", "nonsense"], "blocked"],
    [["BLOCKED"], "blocked"],
  ])("is the worst of %j: %s", (verdicts, kind) => {
    expect(judge(verdicts.map((verdict) => ({ verdict }))).kind).toBe(kind);
  });

  it("names the threats of the rows that decide, and of no others", () => {
    const rows = [
      { verdict: "blocked", name: "A" },
      { verdict: "suspicious", name: "B" },
      { verdict: "blocked", name: null, category: "gambling" },
    ];
    expect(judge(rows).threats.map(({ name }) => name)).toEqual(["A", "gambling"]);
  });

  it("has the reason that the row says, or the settings, or its category", () => {
    expect(judge([{ reason: "dlp" }], { reason: "policy" }).reason).toBe("dlp");
    expect(judge([{ reason: "nonsense" }], { reason: "policy" }).reason).toBe("policy");
    expect(judge([{ category: "x" }]).reason).toBe("category");
    expect(judge([{}]).reason).toBe("malware");
  });

  it("is what the settings say of a row without a verdict, and of no row", () => {
    expect(judge([{ verdict: null }], { verdict: "suspicious" }).kind).toBe("suspicious");
    expect(judge([], { unlisted: "clean" })).toEqual({ kind: "clean", threats: [] });
  });

  it("is an error for more rows than are taken", () => {
    expect(judge([{}, {}, {}, {}]).kind).toBe("error");
  });

  it.each([
    ['rows.exists(row, row.verdict == "allow") ? "clean" : "blocked"', "clean"],
    ['rowCount == 1 ? "suspicious" : "clean"', "suspicious"],
    ['rows[0].hits > 5 ? "blocked" : "clean"', "blocked"],
    ["rows[1].name", "error"],
    ['"nonsense"', "error"],
  ])("is what the expression %s makes of it", (expression, kind) => {
    expect(judge([{ verdict: "allow", hits: 7 }], { expression }).kind).toBe(kind);
  });
});
