import type { Pool } from "pg";
import { type Environment, readSecret } from "../settings/secret.ts";
import { serverTls } from "./server-tls.ts";
import type { Row, SlotValue, SqlDriver } from "./sql-driver.ts";
import { FailureKind, SqlFailure, sqlFailure } from "./sql-failure.ts";
import type { PostgresSettings } from "./sql-settings.ts";

/** How much longer than the server the client waits: the server's answer says more. */
const GRACE_MS = 500;
const IDLE_MS = 30_000;

/** PostgreSQL, by `pg`. Connects when it is asked. */
export async function openPostgres(
  settings: PostgresSettings,
  timeoutMs: number,
  env: Environment,
): Promise<SqlDriver> {
  const { host, port = 5432, database, user, password, pool, connectTimeout } = settings;
  const ssl = await serverTls(settings.tls);
  const { default: pg } = await import("pg");
  const secrets = new Set<string>();
  const connections = new pg.Pool({
    host,
    port,
    database,
    user,
    // Read for each connection: files are rotated. Without one, none is asked of the environment.
    password: async () => {
      const secret = password === undefined ? "" : await readSecret(password, env);
      secrets.add(secret);
      return secret;
    },
    ssl: ssl ?? false,
    max: pool,
    connectionTimeoutMillis: connectTimeout,
    idleTimeoutMillis: IDLE_MS,
    query_timeout: timeoutMs + GRACE_MS,
    application_name: "sluice-scanner-sql",
    keepAlive: true,
    // Set as the session begins, so that no statement comes before it.
    options: `-c default_transaction_read_only=on -c statement_timeout=${timeoutMs}`,
  });
  // An idle connection that is lost: the pool has dropped it already.
  connections.on("error", () => {});
  return new Postgres(connections, secrets);
}

class Postgres implements SqlDriver {
  readonly #pool: Pool;
  readonly #secrets: ReadonlySet<string>;

  constructor(pool: Pool, secrets: ReadonlySet<string>) {
    this.#pool = pool;
    this.#secrets = secrets;
  }

  get connections(): number {
    return this.#pool.totalCount;
  }

  async query({ text }: { readonly text: string }, values: readonly SlotValue[]): Promise<Row[]> {
    try {
      const { rows } = await this.#pool.query<Row>({ text, values: [...values] });
      return rows;
    } catch (error) {
      const failure = sqlFailure(withCode(error), kindOf, [...this.#secrets, ...textsOf(values)]);
      const { totalCount, idleCount, options } = this.#pool;
      const isFull = totalCount - idleCount >= options.max;
      // The pool has the same words for no connection to be had and none to be made.
      throw isFull && /trying to connect/.test(failure.detail)
        ? new SqlFailure(FailureKind.Busy, "no connection", "all connections are taken")
        : failure;
    }
  }

  async close(): Promise<void> {
    if (!this.#pool.ended) await this.#pool.end();
  }
}

/** SQLSTATE, PostgreSQL's appendix A. */
function kindOf(code: string): FailureKind | undefined {
  if (code === "57014" || code === "ETIMEOUT") return FailureKind.Timeout;
  // Connection exceptions, shutdowns, too many connections.
  if (/^(?:08|57P|53)/.test(code)) return FailureKind.Unreachable;
  return undefined;
}

/** What `pg` itself finds has a message only. */
function withCode(error: unknown): unknown {
  const { code, message = "" } = error as { code?: string; message?: string };
  if (code !== undefined) return error;
  if (/query read timeout/i.test(message)) return { code: "ETIMEOUT", message };
  if (/connect|terminated|closed/i.test(message)) return { code: "ECONNRESET", message };
  return error;
}

/** What a message of the database may quote. */
export function textsOf(values: readonly SlotValue[]): string[] {
  return values.flat().filter((value) => typeof value === "string");
}
