/**
 * Entry of the process that reads a SQLite database. SQLite runs a query in the thread that asks
 * and cannot be interrupted from outside; a process can be ended.
 *
 * @module
 */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";

/** What the process is asked. */
export interface SqliteQuestion {
  readonly text: string;
  readonly values: readonly SQLInputValue[];
}

/** What it answers, one answer a question, in their order; the first says that the file is open. */
export type SqliteAnswer =
  | { readonly rows: readonly Readonly<Record<string, unknown>>[] }
  | { readonly code: string; readonly message: string };

const BUSY_MS = 1000;

function open(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_MS });
  // A file that somebody else wrote may define views and triggers that call functions.
  database.exec("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF");
  return database;
}

function answer(read: () => SqliteAnswer): void {
  let said: SqliteAnswer;
  try {
    said = read();
  } catch (error) {
    const { errcode, message } = error as { errcode?: number; message: string };
    said = { code: `SQLITE_${errcode ?? "ERROR"}`, message };
  }
  process.send?.(said);
}

let database: DatabaseSync | undefined;
answer(() => {
  database = open(process.argv[2] ?? "");
  return { rows: [] };
});
process.on("message", ({ text, values }: SqliteQuestion) => {
  answer(() => {
    if (database === undefined) throw new Error("the database is not open");
    return { rows: database.prepare(text).all(...values) };
  });
});
process.on("disconnect", () => process.exit(0));
