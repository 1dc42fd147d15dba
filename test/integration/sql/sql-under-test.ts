import { writeFileSync } from "node:fs";
import type { ScanEngine, SubjectFacts } from "../../../src/scanners/serve/scan-engine.ts";
import { ScanProblem } from "../../../src/scanners/serve/scan-problem.ts";
import { createSqlEngine } from "../../../src/scanners/sql/sql-engine.ts";
import { readSqlSettings } from "../../../src/scanners/sql/sql-settings.ts";
import type { Logger } from "../../../src/telemetry/index.ts";
import { scanSubject } from "../../support/scan-subject.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

export const badHash = "a".repeat(64);
export const goodHash = "b".repeat(64);

/** The table of the documentation, as every one of the three databases takes it. */
export const schema = [
  "CREATE TABLE reputation (kind VARCHAR(16) NOT NULL, value VARCHAR(255) NOT NULL, verdict VARCHAR(16), name VARCHAR(255), category VARCHAR(64), updated_at INT NOT NULL)",
  `INSERT INTO reputation VALUES
     ('sha256', '${badHash}', 'blocked', 'Evil.A', NULL, 1),
     ('domain', 'bad.example', NULL, 'Phish', 'phishing', 2),
     ('user', 'mallory', 'suspicious', 'Mallory', NULL, 3),
     ('sha256', '${"c".repeat(64)}', 'malicious', 'Evil.C', NULL, 4),
     ('sha256', '${"d".repeat(64)}', 'purple', 'Odd', NULL, 5)`,
] as const;

export const query = `SELECT verdict, name, category FROM reputation
  WHERE (kind = 'sha256' AND value = :sha256) OR (kind = 'domain' AND value IN (:domains))
     OR (kind = 'user' AND value = :user)`;

/** A query with every fact that comes from outside. */
export const everyFact = `SELECT name FROM reputation WHERE value IN (:url, :host, :domain, :user, :client,
  :filename, :extension, :declared_type, :detected_type, :method, :direction, :service, :policy, :sha256)
  OR value IN (:domains) OR value IN (:groups)`;

export interface Line {
  readonly message: string;
  readonly fields: unknown;
}

/** Engines of one test file, and everything that they log. */
export class SqlBench {
  readonly lines: Line[] = [];
  readonly #directory = new TempDirectory();
  readonly #engines: ScanEngine[] = [];

  readonly logger: Logger = {
    debug: (message, fields) => this.lines.push({ message, fields }),
    info: (message, fields) => this.lines.push({ message, fields }),
    warn: (message, fields) => this.lines.push({ message, fields }),
    error: (message, fields) => this.lines.push({ message, fields }),
  };

  async engine(database: string, statement = query, more = ""): Promise<ScanEngine> {
    const path = this.#directory.join(`sql-${this.#engines.length}.yaml`);
    const text = `database: ${database}\nquery: ${JSON.stringify(statement)}\nprobeInterval: 200ms\n${more}`;
    writeFileSync(path, text);
    const settings = await readSqlSettings(path);
    const engine = await createSqlEngine({ settings, env: {}, logger: this.logger });
    this.#engines.push(engine);
    return engine;
  }

  async close(): Promise<void> {
    await Promise.all(this.#engines.splice(0).map((engine) => engine.close()));
    this.lines.length = 0;
  }

  remove(): void {
    this.#directory.remove();
  }
}

export async function ask(engine: ScanEngine, facts: SubjectFacts, sha256: string = goodHash) {
  return (await engine.scan(scanSubject(facts, { sha256 }))).verdict;
}

/** The verdict, or the status in place of one. */
export async function outcome(engine: ScanEngine, sha256 = badHash): Promise<string | number> {
  try {
    return (await ask(engine, {}, sha256)).kind;
  } catch (error) {
    if (error instanceof ScanProblem) return error.status;
    throw error;
  }
}
