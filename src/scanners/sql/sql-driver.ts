import type { CompiledStatement } from "./statement.ts";

/** A row as the database names its columns. */
export type Row = Readonly<Record<string, unknown>>;

/** What stands at the placeholders of a statement, in their order. */
export type SlotValue = string | number | null | readonly string[];

/** Connections to one database that can only be read. */
export interface SqlDriver {
  /** Rejects with a `SqlFailure`. */
  query(
    statement: Pick<CompiledStatement, "text">,
    values: readonly SlotValue[],
  ): Promise<readonly Row[]>;
  /** Connections that are open now. */
  readonly connections: number;
  /** Changes when another database takes the place of this one; undefined when nobody can tell. */
  readonly identity?: string | undefined;
  close(): Promise<void>;
}
