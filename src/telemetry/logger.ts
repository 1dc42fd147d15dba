/** Fields of a log line: flat, JSON values or what `JSON.stringify` makes of them. */
export type LogFields = object;

export const LogLevel = {
  Debug: "debug",
  Info: "info",
  Warn: "warn",
  Error: "error",
  /** Nothing is written. */
  Silent: "silent",
} as const;
export type LogLevel = (typeof LogLevel)[keyof typeof LogLevel];

/**
 * The only way a folder writes a log line: a constant message and fields, never a message with
 * values pasted in, so that lines can be counted and searched by their message. An `Error` goes in
 * the field `err`. No secret, no content and no query string may be put in a field.
 */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /**
   * As `info` or `warn`, of what somebody has to answer for: written at every level but `silent`. Left
   * out: there is nothing that a level would leave out.
   */
  audit?(level: "info" | "warn", message: string, fields: LogFields): void;
}

/** A line of the audit. */
export function writeAudit(logger: Logger, level: "info" | "warn", fields: LogFields): void {
  const message = "audit";
  if (logger.audit === undefined) logger[level](message, fields);
  else logger.audit(level, message, fields);
}

const ignore = (): void => {};

/** A logger that writes nothing. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
