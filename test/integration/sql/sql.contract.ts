import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import type { SubjectFacts } from "../../../src/scanners/serve/scan-engine.ts";
import { ask, badHash, everyFact, query, SqlBench } from "./sql-under-test.ts";

/** A database with the table of the tests. */
export interface DatabaseUnderTest {
  /** As `database` in a settings file. */
  readonly settings: string;
  /** Runs a statement with all rights; gives the first column of the rows. */
  readonly run: (statement: string) => Promise<readonly unknown[]>;
}

const hostile = [
  "' OR '1'='1",
  "' OR 1=1 -- ",
  "\\' OR 1=1 # ",
  '" OR ""="',
  "'; DROP TABLE reputation; -- ",
  "') UNION SELECT name FROM reputation -- ",
  "$1",
  ":sha256",
  "?",
  "%",
  "a\0b",
  "\uD800",
  "\u2019 OR 1=1",
  "\xBF' OR 1=1",
];

const byDomain = "SELECT verdict FROM reputation WHERE kind = 'domain' AND value IN (:domains)";

const factNames = [
  ...(["fileName", "declaredType", "detectedType", "httpMethod"] as const),
  ...(["service", "policy"] as const),
];

function factsWith(text: string): SubjectFacts {
  const facts = Object.fromEntries(factNames.map((name) => [name, text]));
  const address = { url: `http://a.example/${text}`, host: "a.example" };
  return { ...facts, ...address, identity: { user: text, address: text, groups: [text] } };
}

/** What a lookup promises, whichever database is behind it. */
export function describeSqlContract(database: () => DatabaseUnderTest): void {
  let bench: SqlBench;
  beforeAll(() => {
    bench = new SqlBench();
  });
  afterEach(() => bench.close());
  afterAll(() => bench.remove());
  const engine = (statement = query, more = "") =>
    bench.engine(database().settings, statement, more);

  it("blocks a hash that is in the table, and calls it by its name", async () => {
    expect(await ask(await engine(), {}, badHash)).toMatchObject({
      kind: "blocked",
      reason: "malware",
      threats: [{ name: "Evil.A", engine: "sql" }],
    });
  });

  it("blocks what is below a domain in the table, with its category as the reason", async () => {
    const verdict = await ask(await engine(), { url: "https://a.b.bad.example/x" });
    expect(verdict).toMatchObject({ kind: "blocked", reason: "category" });
  });

  it("finds a user", async () => {
    const verdict = await ask(await engine(), { identity: { user: "mallory" } });
    expect(verdict).toMatchObject({ kind: "suspicious" });
  });

  it("knows nothing of what is not in the table", async () => {
    const verdict = await ask(await engine(), { url: "https://good.example/" });
    expect(verdict).toMatchObject({ kind: "unknown", threats: [] });
  });

  it("says clean of what is not in the table where that is wanted", async () => {
    const asked = await engine(byDomain, "unlisted: clean\n");
    expect(await ask(asked, { url: "https://good.example/" })).toMatchObject({ kind: "clean" });
  });

  it("knows nothing where there was nothing to look for", async () => {
    const asked = await engine(byDomain, "unlisted: clean\n");
    expect(await ask(asked, {})).toMatchObject({ kind: "unknown" });
  });

  it("gives an error for a URL or a host that cannot be looked up", async () => {
    const asked = await engine(byDomain, "unlisted: clean\n");
    for (const facts of [{ url: "http://a.example:99999/" }, { host: "a..b" }]) {
      expect(await ask(asked, facts)).toMatchObject({ kind: "error" });
    }
  });

  it("blocks a hash that is in the table, whatever the URL is like", async () => {
    expect(await ask(await engine(), { url: "http://%zz/" }, badHash)).toMatchObject({
      kind: "blocked",
    });
  });

  it("takes a word of one's own for the verdict that it is to mean", async () => {
    const asked = await engine(query, "values: { malicious: blocked }\n");
    expect(await ask(asked, {}, "c".repeat(64))).toMatchObject({ kind: "blocked" });
  });

  it("gives an error for a word that means nothing", async () => {
    const verdict = await ask(await engine(), {}, "d".repeat(64));
    expect(verdict).toMatchObject({ kind: "error", reason: "engine-error" });
  });

  it("leaves the verdict to an expression where there is one", async () => {
    const more =
      'expression: \'rowCount > 0 && rows[0].name == "Evil.A" ? "suspicious" : "clean"\'\n';
    const asked = await engine(query, more);
    expect(await ask(asked, {}, badHash)).toMatchObject({ kind: "suspicious" });
    expect(await ask(asked, {})).toMatchObject({ kind: "clean" });
  });

  it("gives an error for more rows than it takes", async () => {
    const asked = await engine(
      "SELECT name FROM reputation WHERE :host = 'x.example'",
      "maxRows: 2\n",
    );
    expect(await ask(asked, { host: "x.example" })).toMatchObject({
      kind: "error",
      message: "the query gives more than 2 rows",
    });
  });

  it("bounds the rows of a query that has a limit of its own", async () => {
    const asked = await engine(
      "SELECT name FROM reputation WHERE :host = 'x.example' LIMIT 4",
      "maxRows: 2\n",
    );
    expect(await ask(asked, { host: "x.example" })).toMatchObject({ kind: "error" });
  });

  it.each(hostile)("takes %j for a value, and for nothing else", async (text) => {
    const asked = await engine(everyFact);
    const verdict = await ask(asked, factsWith(text));
    expect(verdict).toMatchObject({ kind: "unknown", threats: [] });
    expect(await database().run("SELECT COUNT(*) FROM reputation")).toEqual([expect.anything()]);
  });

  it("changes its epoch with the table, and lets verdicts be remembered for it", async () => {
    const epochQuery = "epochQuery: SELECT max(updated_at) FROM reputation\n";
    const asked = await engine(query, epochQuery);
    const before = asked.state().epoch;
    expect(await ask(asked, {}, badHash)).toMatchObject({ cache: { scope: "none" } });
    await database().run("UPDATE reputation SET updated_at = updated_at + 1");
    await expect.poll(() => asked.state().epoch, { timeout: 20_000 }).not.toBe(before);
  });

  it("says with each verdict what it may be remembered by", async () => {
    const byHash = "SELECT name FROM reputation WHERE value = :sha256";
    const asked = await engine(byHash, "epochQuery: SELECT max(updated_at) FROM reputation\n");
    expect(await ask(asked, {}, badHash)).toMatchObject({ cache: { scope: "content" } });
  });

  it("lets no verdict be remembered where nobody tells of changes", async () => {
    expect(await ask(await engine(), {}, badHash)).toMatchObject({ cache: { ttlMs: 0 } });
  });

  it("is not ready while a table is missing, says so, and is when it is there", async () => {
    const asked = await engine("SELECT name FROM later WHERE value = :sha256");
    expect(asked.state().notReady).toMatch(/^the database answers /);
    expect(JSON.stringify(bench.lines)).toContain("later");
    await database().run("CREATE TABLE later (value VARCHAR(64), name VARCHAR(64))");
    await expect.poll(() => asked.state().notReady, { timeout: 20_000 }).toBeUndefined();
    await database().run("DROP TABLE later");
  });

  it("asks nothing that writes", async () => {
    await expect(engine("DELETE FROM reputation")).rejects.toThrow("must be a SELECT");
    await expect(engine("SELECT 1; SELECT 2")).rejects.toThrow("must be one statement");
    await expect(engine("SELECT 1 INTO OUTFILE '/tmp/x'")).rejects.toThrow("must not have INTO");
  });
}
