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
}

const ignore = (): void => {};

/** A logger that writes nothing. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
