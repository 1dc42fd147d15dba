import type { Pool, PoolConnection } from "mysql2/promise";
import { type Environment, readSecret } from "../settings/secret.ts";
import { type ServerTls, serverTls } from "./server-tls.ts";
import type { Row, SlotValue, SqlDriver } from "./sql-driver.ts";
import { FailureKind, SqlFailure, sqlFailure } from "./sql-failure.ts";
import type { MysqlSettings } from "./sql-settings.ts";

/** How much longer than the server the client waits: the server's answer says more. */
const GRACE_MS = 500;
const IDLE_MS = 30_000;

/** MySQL and MariaDB, by `mysql2`. Connects when it is asked. */
export async function openMysql(
  settings: MysqlSettings,
  timeoutMs: number,
  env: Environment,
): Promise<SqlDriver> {
  return new Mysql(settings, { timeoutMs, env, tls: await serverTls(settings.tls) });
}

interface MysqlContext {
  readonly timeoutMs: number;
  readonly env: Environment;
  readonly tls: ServerTls | undefined;
}

class Mysql implements SqlDriver {
  connections = 0;
  readonly #settings: MysqlSettings;
  readonly #context: MysqlContext;
  /** Connections that can only read, and end what takes too long. */
  readonly #prepared = new WeakSet<object>();
  #pool: Promise<Pool> | undefined;
  #secret = "";

  constructor(settings: MysqlSettings, context: MysqlContext) {
    this.#settings = settings;
    this.#context = context;
  }

  async query({ text }: { readonly text: string }, values: readonly SlotValue[]): Promise<Row[]> {
    try {
      return await this.#ask(text, values);
    } catch (error) {
      if ((error as { code?: string }).code === "ER_ACCESS_DENIED_ERROR") this.#forgetPassword();
      throw sqlFailure(withName(error), kindOf, [
        this.#secret,
        ...values.flat().filter((value) => typeof value === "string"),
      ]);
    }
  }

  async close(): Promise<void> {
    const pool = await this.#pool?.catch(() => undefined);
    this.#pool = undefined;
    await pool?.end();
  }

  async #ask(text: string, values: readonly SlotValue[]): Promise<Row[]> {
    const connection = await this.#connection();
    let isUsable = false;
    try {
      await this.#prepare(connection);
      const timeout = this.#context.timeoutMs + GRACE_MS;
      const [rows] = await connection.execute({ sql: text, timeout }, values as (string | null)[]);
      isUsable = true;
      return rows as Row[];
    } catch (error) {
      // What the server itself refused leaves the connection as it was.
      isUsable = (error as { sqlState?: string }).sqlState !== undefined && !isFatal(error);
      throw error;
    } finally {
      if (isUsable) connection.release();
      else connection.destroy();
    }
  }

  /** One of the pool, within the time for that: when all are busy it would wait for ever. */
  async #connection(): Promise<PoolConnection> {
    this.#pool ??= this.#open();
    const pool = await this.#pool.catch((error) => {
      this.#pool = undefined;
      throw error;
    });
    const { promise, reject } = Promise.withResolvers<never>();
    let isLate = false;
    const asked = pool.getConnection();
    const late = setTimeout(() => {
      isLate = true;
      reject(new SqlFailure(FailureKind.Busy, "no connection", "all connections are taken"));
    }, this.#settings.connectTimeout + GRACE_MS);
    asked.then((connection) => isLate && connection.release()).catch(() => {});
    return await Promise.race([asked, promise]).finally(() => clearTimeout(late));
  }

  async #prepare(connection: PoolConnection): Promise<void> {
    const inner = connection.connection;
    if (this.#prepared.has(inner)) return;
    await connection.query("SET SESSION TRANSACTION READ ONLY");
    const [[row]] = (await connection.query("SELECT VERSION() AS version")) as unknown as [Row[]];
    const { timeoutMs } = this.#context;
    await connection.query(
      /mariadb/i.test(String(row?.["version"]))
        ? `SET SESSION max_statement_time = ${timeoutMs / 1000}`
        : `SET SESSION max_execution_time = ${timeoutMs}`,
    );
    this.#prepared.add(inner);
  }

  async #open(): Promise<Pool> {
    const { host, port = 3306, database, user, password, pool, connectTimeout } = this.#settings;
    const { tls, env } = this.#context;
    this.#secret = password === undefined ? "" : await readSecret(password, env);
    const { createPool } = await import("mysql2/promise");
    const opened = createPool({
      ...(host.startsWith("/") ? { socketPath: host } : { host, port }),
      database,
      user,
      password: this.#secret,
      ...(tls !== undefined && { ssl: { ...tls } }),
      connectionLimit: pool,
      connectTimeout,
      idleTimeout: IDLE_MS,
      enableKeepAlive: true,
      multipleStatements: false,
      // No file of this machine goes to a server that asks for it, and no code is made of columns.
      flags: ["-LOCAL_FILES"],
      disableEval: true,
      dateStrings: true,
      supportBigNumbers: true,
    });
    opened.on("connection", () => {
      this.connections += 1;
    });
    return opened;
  }

  /** Read again with the next connection: it may have been changed. */
  #forgetPassword(): void {
    void this.close().catch(() => {});
  }
}

function isFatal(error: unknown): boolean {
  return (error as { fatal?: boolean }).fatal === true;
}

/** MariaDB has codes of its own, which the driver has no names for. */
const mariadbNames: Readonly<Record<number, string>> = { 1969: "ER_STATEMENT_TIMEOUT" };

function withName(error: unknown): unknown {
  const { errno, message } = error as { errno?: number; message?: string };
  const code = errno === undefined ? undefined : mariadbNames[errno];
  return code === undefined ? error : { code, message };
}

function kindOf(code: string): FailureKind | undefined {
  switch (code) {
    case "ER_STATEMENT_TIMEOUT":
    case "ER_QUERY_TIMEOUT":
    case "ER_QUERY_INTERRUPTED":
    case "PROTOCOL_SEQUENCE_TIMEOUT":
      return FailureKind.Timeout;
    case "ER_CON_COUNT_ERROR":
    case "ER_SERVER_SHUTDOWN":
    case "ER_CONNECTION_KILLED":
    case "POOL_CLOSED":
    case "HANDSHAKE_SSL_ERROR":
      return FailureKind.Unreachable;
    default:
      return undefined;
  }
}
