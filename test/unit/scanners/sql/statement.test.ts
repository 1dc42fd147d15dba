import { describe, expect, it } from "vitest";
import { compileStatement, dialects } from "../../../../src/scanners/sql/statement.ts";

const compile = (query: string, dialect: keyof typeof dialects = "postgres") =>
  compileStatement(query, dialects[dialect], 100);
const withoutLimit = (query: string, dialect: keyof typeof dialects = "postgres") =>
  compile(query, dialect).text.replace(/\nLIMIT 101$/, "");

describe("a query with named bindings", () => {
  it("has the placeholders of PostgreSQL, counted", () => {
    const { text, slots } = compile("SELECT 1 WHERE :sha256 = :host AND :sha256 = 'x'");
    expect(text).toBe("SELECT 1 WHERE $1 = $2 AND $3 = 'x'\nLIMIT 101");
    expect(slots.map(({ binding }) => binding)).toEqual(["sha256", "host", "sha256"]);
  });

  it.each(["mysql", "sqlite"] as const)("has the placeholders of %s", (dialect) => {
    expect(withoutLimit("SELECT 1 WHERE :sha256 = :host", dialect)).toBe("SELECT 1 WHERE ? = ?");
  });

  it.each([
    ["a string", "SELECT ':sha256'"],
    ["a string with a quote in it", "SELECT 'it''s :sha256'"],
    ["a string with escapes", "SELECT E'it\\'s :sha256'"],
    ["a quoted name", 'SELECT ":sha256"'],
    ["a quoted name of MySQL", "SELECT `:sha256`"],
    ["a comment of one line", "SELECT 1 -- :sha256; :nobody\n+ 1"],
    ["a comment of several", "SELECT 1 /* :sha256 ; :nobody */"],
    ["a dollar quote", "SELECT $x$ :sha256 ; ' $x$"],
    ["a cast", "SELECT 1::text"],
    ["a slice", "SELECT a[1::2] FROM b"],
  ])("leaves %s as it is", (_what, query) => {
    expect(withoutLimit(query)).toBe(query);
    expect(compile(query).slots).toEqual([]);
  });

  it("knows that a backslash takes a quote with it in MySQL, and not in PostgreSQL", () => {
    expect(compile("SELECT 'a\\' , :host '", "mysql").slots).toEqual([]);
    expect(compile("SELECT 'a\\' , :host").slots).toHaveLength(1);
  });

  it("has a place for each domain of a list", () => {
    const { text, slots } = compile("SELECT 1 WHERE v IN ( :domains ) AND u = :user");
    expect(text).toContain("IN ( $1, $2, ");
    expect(text).toContain("$16 ) AND u = $17");
    expect(slots[15]).toEqual({ binding: "domains", index: 15 });
  });

  it("has one place for an array of PostgreSQL", () => {
    expect(withoutLimit("SELECT 1 WHERE v = ANY(:domains)")).toBe("SELECT 1 WHERE v = ANY($1)");
  });

  it("refuses an array where there are none", () => {
    expect(() => compile("SELECT 1 WHERE v = ANY(:domains)", "mysql")).toThrow("as IN (:domains)");
  });

  it.each(["SELECT 1 LIMIT 5", "SELECT 1 LIMIT 5 OFFSET 2", "SELECT 1 fetch first 3 rows only"])(
    "is bounded from outside when it has a bound of its own: %s",
    (query) => {
      expect(compile(query).text).toBe(`SELECT * FROM (\n${query}\n) AS judged LIMIT 101`);
    },
  );

  it("is bounded inside when only a query in it has a bound", () => {
    const query = "SELECT * FROM (SELECT 1 LIMIT 5) AS x";
    expect(compile(query).text).toBe(`${query}\nLIMIT 101`);
  });

  it("may end in a semicolon, and in a comment", () => {
    expect(compile("SELECT 1 ;\n").text).toBe("SELECT 1 \nLIMIT 101");
    expect(compile("SELECT 1 -- all").text).toBe("SELECT 1 -- all\nLIMIT 101");
  });

  it.each([
    ["", "must be a SELECT"],
    ["INSERT INTO x VALUES (1)", "INTO"],
    ["DELETE FROM x", "must be a SELECT"],
    ["EXPLAIN SELECT 1", "must be a SELECT"],
    ["SELECT 1; DROP TABLE x", "must be one statement"],
    ["SELECT * INTO y FROM x", "must not have INTO"],
    ["SELECT ?", "bindings are named"],
    ["SELECT :password", "has no binding :password"],
    ["/* SELECT */ UPDATE x SET y = 1", "must be a SELECT"],
  ])("refuses %j", (query, problem) => {
    expect(() => compile(query)).toThrow(problem);
  });
});
