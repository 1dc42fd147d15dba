import { createHash } from "node:crypto";
import {
  type CacheAdvice,
  errorVerdict,
  type Verdict,
  VerdictKind,
  VerdictReason,
} from "../../scanning/index.ts";
import type { Logger, MetricsRegistry } from "../../telemetry/index.ts";
import type {
  EngineAbilities,
  EngineState,
  EngineVerdict,
  ScanEngine,
  ScanSubject,
} from "../serve/scan-engine.ts";
import { ScanProblem } from "../serve/scan-problem.ts";
import type { Environment } from "../settings/secret.ts";
import {
  areUnknown,
  type Binding,
  type BindingValues,
  bindingValues,
  cacheScopeOf,
  isArrayBinding,
  isMisunderstood,
  type KnownHashes,
} from "./bindings.ts";
import { openMysql } from "./mysql.ts";
import { openPostgres } from "./postgres.ts";
import { rowsJudge } from "./row-verdict.ts";
import type { Row, SlotValue, SqlDriver } from "./sql-driver.ts";
import { FailureKind, SqlFailure } from "./sql-failure.ts";
import type { SqlSettings } from "./sql-settings.ts";
import { openSqlite } from "./sqlite.ts";
import { type CompiledStatement, compileStatement, dialects, listPlaces } from "./statement.ts";

export interface SqlEngineOptions {
  readonly settings: SqlSettings;
  /** Where passwords may be. */
  readonly env: Environment;
  readonly logger: Logger;
}

const EPOCH_DIGITS = 32;
const FIRST_BACKOFF_MS = 250;
const RETRY_AFTER_SECONDS = 1;
const contentHashes = ["md5", "sha1"] as const;

/**
 * An engine that asks a database. Resolves when it has been asked once, whether it answered or not:
 * that is for `state` to say. Rejects with a `SettingsError` for a query that is none.
 */
export async function createSqlEngine(options: SqlEngineOptions): Promise<ScanEngine> {
  const { database, query, epochQuery, timeout, maxRows } = options.settings;
  const dialect = dialects[database.type];
  const statements = {
    query: compileStatement(query, dialect, maxRows),
    epoch: epochQuery === undefined ? undefined : compileStatement(epochQuery, dialect, 1),
  };
  const driver = await openDriver(database, timeout, options.env);
  const engine = new SqlEngine(options, statements, driver);
  await engine.probe();
  return engine;
}

function openDriver(
  database: SqlSettings["database"],
  timeoutMs: number,
  env: Environment,
): SqlDriver | Promise<SqlDriver> {
  switch (database.type) {
    case "postgres":
      return openPostgres(database, timeoutMs, env);
    case "mysql":
      return openMysql(database, timeoutMs, env);
    case "sqlite":
      return openSqlite(database, timeoutMs);
  }
}

interface Statements {
  readonly query: CompiledStatement;
  readonly epoch: CompiledStatement | undefined;
}

class SqlEngine implements ScanEngine {
  readonly name = "sql";
  readonly abilities: EngineAbilities;
  readonly #options: SqlEngineOptions;
  readonly #statements: Statements;
  readonly #driver: SqlDriver;
  readonly #judge: (rows: readonly Row[]) => EngineVerdict["verdict"];
  readonly #settingsJson: string;
  readonly #failures = new Map<FailureKind, number>();
  #lookups = 0;
  #epochValue: string | undefined;
  #notReady: string | undefined = "the database was not asked yet";
  #isUnreachable = false;
  #isRefusalTold = false;
  #failedProbes = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: SqlEngineOptions, statements: Statements, driver: SqlDriver) {
    const { database: _where, ...meaning } = options.settings;
    this.#options = options;
    this.#statements = statements;
    this.#driver = driver;
    this.#judge = rowsJudge(options.settings);
    this.#settingsJson = JSON.stringify(meaning);
    this.abilities = abilitiesOf(statements.query.uses);
  }

  state(): EngineState {
    return { epoch: this.#epoch(), notReady: this.#notReady };
  }

  async scan(subject: ScanSubject): Promise<EngineVerdict> {
    const hashes = await this.#hashesOf(subject);
    const { uses } = this.#statements.query;
    if (uses.has("sha256") && hashes.sha256 === undefined) {
      throw new ScanProblem(400, "the query asks for the hash, and none was sent");
    }
    const values = bindingValues(subject.facts, hashes);
    if (this.#isUnreachable) throw unreachable();
    // Before the lookup: what changes meanwhile does not give an old answer a new name.
    const epoch = this.#epoch();
    this.#lookups += 1;
    try {
      const crowded = overfull(this.#statements.query, values);
      if (crowded !== undefined)
        return { verdict: errorVerdict(VerdictReason.EngineError, crowded), epoch };
      const rows = await this.#ask(this.#statements.query, values);
      const judged = this.#judge(rows);
      const verdict = (rows.length === 0 && unasked(values, uses)) || judged;
      if (judged.kind !== VerdictKind.Blocked && isMisunderstood(subject.facts, uses)) {
        const why = "the URL or host is not understood";
        return { verdict: errorVerdict(VerdictReason.EngineError, why), epoch };
      }
      return { verdict: { ...verdict, cache: this.#cacheAdvice() }, epoch };
    } catch (error) {
      if (!(error instanceof SqlFailure)) throw error;
      return this.#failed(error, epoch);
    }
  }

  expose(registry: MetricsRegistry): void {
    const add = (name: string, type: "counter" | "gauge", help: string, read: () => number) =>
      registry.expose({ name, type, help, labels: [] }, () => [{ labels: {}, value: read() }]);
    add("sluice_sql_lookups_total", "counter", "Queries asked.", () => this.#lookups);
    add("sluice_sql_connections", "gauge", "Connections.", () => this.#driver.connections);
    add("sluice_sql_up", "gauge", "1 when the database answered last.", () =>
      Number(this.#notReady === undefined),
    );
    registry.expose(
      {
        name: "sluice_sql_failures_total",
        type: "counter",
        help: "Queries without an answer.",
        labels: ["kind"],
      },
      () => [...this.#failures].map(([kind, value]) => ({ labels: { kind }, value })),
    );
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#driver.close();
  }

  /** Asks whether the database answers what it will be asked. Never rejects. */
  async probe(): Promise<void> {
    clearTimeout(this.#timer);
    this.#isRefusalTold = false;
    try {
      const { query, epoch } = this.#statements;
      // The epoch before the query: rows that come in between are of the next one.
      const rows = epoch === undefined ? [] : await this.#ask(epoch, noValues);
      this.#epochValue = epochOf(rows);
      await this.#ask(query, noValues);
      if (this.#notReady !== undefined) this.#options.logger.info("database answers");
      this.#notReady = undefined;
      this.#isUnreachable = false;
      this.#failedProbes = 0;
    } catch (error) {
      const isBusy = error instanceof SqlFailure && error.kind === FailureKind.Busy;
      this.#failedProbes += 1;
      // It works for others: whether it answers is known by that.
      if (!isBusy) this.#tell(error);
    }
    this.#probeLater();
  }

  #probeLater(): void {
    if (this.#isClosed) return;
    const { probeInterval } = this.#options.settings;
    const backoffMs = FIRST_BACKOFF_MS * 2 ** Math.max(0, this.#failedProbes - 1);
    const waitMs = this.#failedProbes === 0 ? probeInterval : Math.min(backoffMs, probeInterval);
    this.#timer = setTimeout(() => void this.probe(), waitMs).unref();
  }

  #failed(failure: SqlFailure, epoch: string): EngineVerdict {
    this.#failures.set(failure.kind, (this.#failures.get(failure.kind) ?? 0) + 1);
    if (failure.kind === FailureKind.Timeout) {
      const verdict = errorVerdict(VerdictReason.Timeout, "the database took too long");
      return { verdict, epoch };
    }
    if (failure.kind === FailureKind.Busy) throw unreachable(failure);
    if (failure.kind === FailureKind.Unreachable) {
      this.#tell(failure);
      void this.probe();
      throw unreachable(failure);
    }
    // Perhaps for what it was asked with: no reason not to be asked again, nor for a line each time.
    if (!this.#isRefusalTold) {
      this.#options.logger.warn("database refuses a query", { problem: failure.detail });
    }
    this.#isRefusalTold = true;
    return { verdict: errorVerdict(VerdictReason.EngineError, failure.message), epoch };
  }

  /** Says once in the log what is wrong, until it is something else. */
  #tell(error: unknown): void {
    const isFailure = error instanceof SqlFailure;
    const why = isFailure ? error.message : error instanceof Error ? error.message : "a failure";
    this.#isUnreachable = !isFailure || error.kind !== FailureKind.Refused;
    if (why === this.#notReady) return;
    this.#notReady = why;
    this.#options.logger.warn("database cannot be asked", {
      problem: isFailure ? error.detail : why,
    });
  }

  /** A connection that was lost while it was idle says so when it is used: asked once more. */
  async #ask(statement: CompiledStatement, values: BindingValues): Promise<readonly Row[]> {
    const slots = slotValues(statement, values);
    try {
      return await this.#driver.query(statement, slots);
    } catch (error) {
      const isLost = error instanceof SqlFailure && error.kind === FailureKind.Unreachable;
      if (!isLost || this.#isUnreachable) throw error;
      return await this.#driver.query(statement, slots);
    }
  }

  async #hashesOf({ sha256, body }: ScanSubject): Promise<KnownHashes> {
    const { uses } = this.#statements.query;
    const needed = contentHashes.filter((algorithm) => uses.has(algorithm));
    if (needed.length === 0) return { sha256 };
    const digests = (["sha256", ...needed] as const).map(
      (algorithm) => [algorithm, createHash(algorithm)] as const,
    );
    for await (const chunk of body) {
      for (const [, digest] of digests) digest.update(chunk);
    }
    return Object.fromEntries(digests.map(([name, digest]) => [name, digest.digest("hex")]));
  }

  /** Said with each verdict: a cache that knows it for one of the content alone must not keep it. */
  #cacheAdvice(): CacheAdvice {
    if (this.#statements.epoch === undefined) return { ttlMs: 0 };
    return { scope: cacheScopeOf(this.#statements.query.uses) };
  }

  #epoch(): string {
    const parts = [this.#settingsJson, this.#epochValue ?? ""];
    return createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, EPOCH_DIGITS);
  }
}

const noValues = bindingValues({}, {});

function abilitiesOf(uses: ReadonlySet<Binding>): EngineAbilities {
  const needsContent = contentHashes.some((algorithm) => uses.has(algorithm));
  const needsHash = uses.has("sha256");
  const needsUrl = ["url", "host", "domain", "domains"].some((one) => uses.has(one as Binding));
  const isEarly = !needsContent && !needsHash;
  return {
    inputs: [
      ...(needsContent ? ["content" as const] : []),
      ...(needsHash ? ["hash" as const] : []),
      ...(needsUrl ? ["url" as const] : []),
      ...(isEarly && !needsUrl ? ["headers" as const] : []),
    ],
    // A query that also asks for the hash may say clean of a URL whose content is not: not before.
    stages: isEarly ? ["headers", "full"] : ["full"],
    cacheScope: cacheScopeOf(uses),
  };
}

function slotValues({ slots }: CompiledStatement, values: BindingValues): SlotValue[] {
  return slots.map(({ binding, index }) => {
    const value = values[binding];
    if (index === undefined || !Array.isArray(value)) return value;
    return value[index] ?? null;
  });
}

/** Why a list has no place in the statement; what was cut off might have been what is listed. */
function overfull({ slots }: CompiledStatement, values: BindingValues): string | undefined {
  const crowded = slots.find(({ binding, index }) => {
    const value = values[binding];
    const places = isArrayBinding(binding) ? listPlaces[binding] : 1;
    return index !== undefined && Array.isArray(value) && value.length > places;
  });
  return crowded && `more values of :${crowded.binding} than the query has places for`;
}

/** What was not looked for cannot be found: that is no reason to let anything pass. */
function unasked(values: BindingValues, uses: ReadonlySet<Binding>): Verdict | undefined {
  return areUnknown(values, uses) ? { kind: VerdictKind.Unknown, threats: [] } : undefined;
}

function epochOf(rows: readonly Row[]): string | undefined {
  const [first] = rows;
  if (first === undefined) return undefined;
  const [value] = Object.values(first);
  return value instanceof Date ? value.toISOString() : String(value);
}

function unreachable(cause?: SqlFailure): ScanProblem {
  return new ScanProblem(503, "the database does not answer", {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    cause,
  });
}
