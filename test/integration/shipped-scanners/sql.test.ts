import { writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, it } from "vitest";
import { scannerServer } from "../../../src/app/scanners/scanner-server.ts";
import { silentLogger } from "../../../src/telemetry/index.ts";
import { describeShippedScanner } from "../../contracts/shipped-scanner.contract.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

const directory = new TempDirectory();
const path = directory.join("reputation.db");
const configFile = directory.join("sql.yaml");
const database = new DatabaseSync(path);
database.exec("CREATE TABLE reputation (sha256 TEXT PRIMARY KEY, verdict TEXT, name TEXT)");
database.close();
const query = "SELECT verdict, name FROM reputation WHERE sha256 = :sha256";
writeFileSync(configFile, `database: { type: sqlite, path: ${path} }\nquery: ${query}\n`);
afterAll(() => directory.remove());

describeShippedScanner({
  name: "sql",
  metric: "sluice_sql_lookups_total",
  start: (server) => scannerServer.sql({ configFile }, server),
});

const server = {
  host: "127.0.0.1",
  port: 0,
  maxBytes: 1024,
  maxConcurrentScans: 4,
  scanTimeoutMs: 60_000,
  drainDelayMs: 0,
  drainTimeoutMs: 10_000,
  logger: silentLogger,
};

it.each([
  ["a binding that there is none of", "SELECT 1 WHERE :password = 1", "has no binding :password"],
  ["a list that is no list", "SELECT 1 WHERE 'x' = :domains", "must have :domains as IN"],
  ["a statement that writes", "UPDATE reputation SET name = ''", "must be a SELECT"],
])("does not start with %s, and says so", async (_what, text, problem) => {
  const broken = directory.join("broken.yaml");
  writeFileSync(
    broken,
    `database: { type: sqlite, path: ${path} }\nquery: ${JSON.stringify(text)}\n`,
  );
  const start = scannerServer.sql({ configFile: broken }, server);
  await expect(start).rejects.toMatchObject({ problems: [expect.stringContaining(problem)] });
});

it("tells everything that is wrong with its settings, by line, without the values", async () => {
  const broken = directory.join("broken.yaml");
  const text = [
    "database: { type: postgres, database: d, user: u, password: canary }",
    "query: SELECT 1",
    "timeout: soon",
    "expression: rows.nonsense()",
  ];
  writeFileSync(broken, text.join("\n"));
  const error = await scannerServer.sql({ configFile: broken }, server).catch((reason) => reason);
  expect(error).toMatchObject({
    problems: [
      expect.stringMatching(/broken\.yaml:1: database\.password: /),
      expect.stringMatching(/broken\.yaml:3: timeout: is no duration/),
      expect.stringMatching(/broken\.yaml:4: expression: /),
    ],
  });
  expect(String(error)).not.toContain("canary");
});
