import { z } from "zod";
import { VerdictReason } from "../../scanning/index.ts";
import { durationMs } from "../settings/duration.ts";
import { secretReference } from "../settings/secret.ts";
import { readSettingsFile } from "../settings/settings-file.ts";
import { rowsProblem } from "./row-language.ts";

const path = z.string().min(1);
const positive = z.int().min(1);

const tls = z.strictObject({
  /** Of the authority that signed the server's certificate; left out: those the system trusts. */
  caFile: path.optional(),
  certFile: path.optional(),
  keyFile: path.optional(),
  serverName: z.string().min(1).optional(),
});

const server = {
  /** A name or an address; a path of a directory (PostgreSQL) or socket (MySQL) for a local one. */
  host: z.string().min(1).default("127.0.0.1"),
  port: z.int().min(1).max(65_535).optional(),
  database: z.string().min(1),
  user: z.string().min(1),
  password: secretReference.optional(),
  tls: tls.optional(),
  /** Connections at most. */
  pool: positive.max(1000).default(8),
  connectTimeout: durationMs.default(2000),
};

const postgres = z.strictObject({ type: z.literal("postgres"), ...server });
const mysql = z.strictObject({ type: z.literal("mysql"), ...server });
const sqlite = z.strictObject({
  type: z.literal("sqlite"),
  path,
  /** Processes that read the file. */
  pool: positive.max(16).default(1),
});
export type PostgresSettings = z.output<typeof postgres>;
export type MysqlSettings = z.output<typeof mysql>;
export type SqliteSettings = z.output<typeof sqlite>;

export const rowVerdict = z.enum(["blocked", "suspicious", "unscannable", "clean", "unknown"]);
export type RowVerdict = z.output<typeof rowVerdict>;

const sqlSettings = z.strictObject({
  database: z.discriminatedUnion("type", [postgres, mysql, sqlite]),
  /** One SELECT, with bindings such as `:sha256`. */
  query: z.string().min(1),
  /** A SELECT of one value that changes when verdicts do; without it none is remembered. */
  epochQuery: z.string().min(1).optional(),
  timeout: durationMs.default(2000),
  maxRows: positive.max(10_000).default(100),
  probeInterval: durationMs.default(5000),
  /** What a row means that has no verdict. */
  verdict: rowVerdict.default("blocked"),
  /** What values of the column `verdict` mean that are no verdicts. */
  values: z.record(z.string(), rowVerdict).default({}),
  /** The verdict on no row. */
  unlisted: z.enum(["unknown", "clean"]).default("unknown"),
  /** Of a row that has none. */
  reason: z.enum(VerdictReason).optional(),
  /** CEL over `rows` that gives the verdict, in place of the column. */
  expression: z
    .string()
    .superRefine((source, context) => {
      const problem = rowsProblem(source);
      if (problem !== undefined) context.addIssue(problem);
    })
    .optional(),
});
export type SqlSettings = z.output<typeof sqlSettings>;

/** Reads a settings file; rejects with a `SettingsError`. */
export function readSqlSettings(file: string): Promise<SqlSettings> {
  return readSettingsFile(file, sqlSettings);
}
