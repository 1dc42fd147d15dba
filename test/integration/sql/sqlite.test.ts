import { renameSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TempDirectory } from "../../support/temp-directory.ts";
import { describeSqlContract } from "./sql.contract.ts";
import { ask, badHash, SqlBench, schema } from "./sql-under-test.ts";

const LONG_MS = 60_000;

describe("the scanner sql with SQLite", { timeout: LONG_MS }, () => {
  let directory: TempDirectory;
  let bench: SqlBench;
  let path: string;

  function create(file: string, statements: readonly string[] = schema): string {
    const database = new DatabaseSync(directory.join(file));
    for (const statement of statements) database.exec(statement);
    database.close();
    return directory.join(file);
  }

  const settings = () => `{ type: sqlite, path: ${path} }`;

  beforeAll(() => {
    directory = new TempDirectory();
    bench = new SqlBench();
    path = create("reputation.db");
  });
  afterAll(async () => {
    await bench.close();
    bench.remove();
    directory.remove();
  });

  describeSqlContract(() => ({
    settings: settings(),
    run: async (statement) => {
      const database = new DatabaseSync(path);
      try {
        return database
          .prepare(statement)
          .all()
          .map((row) => Object.values(row)[0]);
      } finally {
        database.close();
      }
    },
  }));

  it("ends a query that takes too long, and answers the next", async () => {
    const endless = `WITH RECURSIVE n(i) AS
        (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE :host = 'slow.example')
      SELECT 'blocked' AS verdict, count(*) AS name FROM n`;
    const engine = await bench.engine(settings(), endless, "timeout: 1s\n");
    const verdict = await ask(engine, { host: "slow.example" });
    expect(verdict).toMatchObject({ kind: "error", reason: "timeout" });
    expect(await ask(engine, { host: "fast.example" })).toMatchObject({ kind: "blocked" });
    await bench.close();
  });

  it("reads a database that takes the place of the old one", async () => {
    const engine = await bench.engine(settings());
    expect(await ask(engine, {}, badHash)).toMatchObject({ kind: "blocked" });
    renameSync(create("next.db", [schema[0]]), path);
    expect(await ask(engine, {}, badHash)).toMatchObject({ kind: "unknown" });
    renameSync(create("last.db"), path);
    await bench.close();
  });

  it("is not ready while there is no file, and is when there is", async () => {
    const missing = directory.join("missing.db");
    const engine = await bench.engine(`{ type: sqlite, path: ${missing} }`);
    expect(engine.state().notReady).toContain("ENOENT");
    create("missing.db");
    await expect.poll(() => engine.state().notReady, { timeout: 20_000 }).toBeUndefined();
    await bench.close();
  });
});
