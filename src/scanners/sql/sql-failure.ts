/** Why a database gave no rows. */
export const FailureKind = {
  /** There is no connection, or it was lost: another attempt may succeed. */
  Unreachable: "unreachable",
  /** All connections were taken for too long. */
  Busy: "busy",
  /** The query took too long. */
  Timeout: "timeout",
  /** The database does not take the query: a wrong table, a missing right. */
  Refused: "refused",
} as const;
export type FailureKind = (typeof FailureKind)[keyof typeof FailureKind];

const MAX_MESSAGE_CHARS = 300;

/** A failed query. The message is the code of the database alone; it can be shown to anybody. */
export class SqlFailure extends Error {
  readonly kind: FailureKind;
  /** What the database says, for the operator's log: without passwords and values. */
  readonly detail: string;

  constructor(kind: FailureKind, code: string, detail: string) {
    super(`the database answers ${code.slice(0, 64)}`);
    this.name = "SqlFailure";
    this.kind = kind;
    this.detail = detail.slice(0, MAX_MESSAGE_CHARS);
  }
}

/** Codes of Node and of drivers for a connection that is not there, or no more. */
const unreachableCodes =
  /^(?:E(?:CONN\w+|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOTFOUND|AI_AGAIN|NOENT|ACCES)|ENOTFOUND|PROTOCOL_CONNECTION_LOST|ERR_(?:TLS|SSL)\w*|CERT_\w+|\w*SELF_SIGNED\w*|UNABLE_TO\w+|DEPTH_ZERO\w*)$/;

/**
 * The failure of a driver in our words. Its text may quote what it was asked with; every secret and
 * value in it is cut out.
 */
export function sqlFailure(
  error: unknown,
  kindOf: (code: string) => FailureKind | undefined,
  secrets: readonly string[],
): SqlFailure {
  if (error instanceof SqlFailure) return error;
  const { code, message } = error as { code?: unknown; message?: unknown };
  const name = typeof code === "string" && code !== "" ? code : "no code";
  const detail = scrubbed(typeof message === "string" ? message : "", secrets);
  const kind = kindOf(name) ?? (unreachableCodes.test(name) ? FailureKind.Unreachable : undefined);
  return new SqlFailure(kind ?? FailureKind.Refused, name, `${name}: ${detail}`);
}

function scrubbed(message: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length > 0)
    .toSorted((a, b) => b.length - a.length)
    .reduce((text, secret) => text.replaceAll(secret, "***"), message);
}
