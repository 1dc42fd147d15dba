import type { Status } from "./status.ts";

interface ErrorEntry {
  readonly status: Status;
  /** Whether the connection cannot be used any further: the place of the next request is unknown. */
  readonly closes: boolean;
  /** What happened, for a log reader; `%s` is the offending value. */
  readonly message: string;
}

/** Every way a transaction can end in an ICAP error. docs/errors.md has one row for each, held equal by test. */
export const ERRORS = {
  ICAP_ERR_REQUEST_LINE: { status: 400, closes: true, message: "malformed request line %s" },
  ICAP_ERR_REQUEST_LINE_TOO_LONG: {
    status: 400,
    closes: true,
    message: "request line exceeds %s bytes",
  },
  ICAP_ERR_VERSION_SYNTAX: { status: 400, closes: true, message: "not an ICAP version: %s" },
  ICAP_ERR_VERSION: { status: 505, closes: true, message: "version %s is not ICAP/1.0" },
  ICAP_ERR_URI: { status: 400, closes: true, message: "not an absolute icap URI: %s" },
  ICAP_ERR_METHOD: { status: 501, closes: false, message: "unknown method %s" },
  ICAP_ERR_LINE_END: { status: 400, closes: true, message: "bare %s where CRLF is required" },
  ICAP_ERR_CONTROL_CHARACTER: { status: 400, closes: true, message: "control character in %s" },
  ICAP_ERR_FIELD_SYNTAX: { status: 400, closes: true, message: "malformed header field %s" },
  ICAP_ERR_HEAD_TOO_LARGE: { status: 400, closes: true, message: "ICAP head exceeds %s bytes" },
  ICAP_ERR_TOO_MANY_FIELDS: {
    status: 400,
    closes: true,
    message: "more than %s lines of header fields",
  },
  ICAP_ERR_HOST: { status: 400, closes: true, message: "missing or contradictory Host %s" },
  ICAP_ERR_PREVIEW: { status: 400, closes: true, message: "Preview is not a usable number: %s" },
  ICAP_ERR_PREVIEW_TOO_LONG: { status: 400, closes: true, message: "preview exceeds %s bytes" },
  ICAP_ERR_ENCAPSULATED_MISSING: {
    status: 400,
    closes: true,
    message: "%s without an Encapsulated header",
  },
  ICAP_ERR_ENCAPSULATED_SYNTAX: { status: 400, closes: true, message: "malformed Encapsulated %s" },
  ICAP_ERR_ENCAPSULATED_COMBINATION: {
    status: 418,
    closes: true,
    message: "illegal combination of encapsulated sections: %s",
  },
  ICAP_ERR_ENCAPSULATED_TOO_LARGE: {
    status: 400,
    closes: true,
    message: "encapsulated headers exceed %s bytes",
  },
  ICAP_ERR_HTTP_HEAD: {
    status: 400,
    closes: true,
    message: "encapsulated %s does not end with a blank line",
  },
  ICAP_ERR_CHUNK_SIZE: { status: 400, closes: true, message: "malformed chunk size line" },
  ICAP_ERR_CHUNK_LINE_TOO_LONG: {
    status: 400,
    closes: true,
    message: "chunk size line exceeds %s bytes",
  },
  ICAP_ERR_CHUNK_END: { status: 400, closes: true, message: "chunk data not followed by CRLF" },
  ICAP_ERR_TRAILERS_TOO_LARGE: { status: 400, closes: true, message: "trailers exceed %s bytes" },
  ICAP_ERR_PIPELINE: {
    status: 400,
    closes: true,
    message: "more than %s requests sent ahead of their answers",
  },
  ICAP_ERR_SERVICE_NOT_FOUND: { status: 404, closes: false, message: "no service at %s" },
  ICAP_ERR_METHOD_NOT_ALLOWED: { status: 405, closes: false, message: "the service refuses %s" },
  ICAP_ERR_HEAD_TIMEOUT: {
    status: 408,
    closes: true,
    message: "request head not complete in time",
  },
  ICAP_ERR_BODY_TIMEOUT: { status: 408, closes: true, message: "request body stalled" },
  ICAP_ERR_INTERNAL: { status: 500, closes: true, message: "unexpected failure" },
  ICAP_ERR_SCAN_FAILED: { status: 500, closes: false, message: "no verdict: %s" },
  ICAP_ERR_SCAN_UNAVAILABLE: { status: 503, closes: false, message: "no verdict yet: %s" },
  ICAP_ERR_CLIENT_NOT_ALLOWED: {
    status: 403,
    closes: false,
    message: "the service is not for this client",
  },
  ICAP_ERR_TOO_MANY_CONNECTIONS: { status: 503, closes: true, message: "connection limit reached" },
  ICAP_ERR_TOO_MANY_CLIENT_CONNECTIONS: {
    status: 503,
    closes: true,
    message: "connection limit of this client reached",
  },
  ICAP_ERR_DRAINING: { status: 503, closes: true, message: "shutting down" },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** An error of the wire: a value on the event stream, not an exception. */
export interface IcapError {
  readonly code: ErrorCode;
  readonly status: Status;
  readonly closes: boolean;
  readonly message: string;
}

const MAX_SHOWN_CHARACTERS = 64;
/** Control and format characters, line separators: what JSON leaves as it is. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const USER_INFORMATION = /\/\/[^/@\s]*@/g;
const QUERY = /\?.*/s;

/**
 * Quotes what a peer sent for a log line: without user information and query of a URI, cut to 64
 * characters, everything unusual escaped.
 */
export function shown(value: string): string {
  const safe = value.replace(USER_INFORMATION, "//…@").replace(QUERY, "?…");
  const cut = safe.length > MAX_SHOWN_CHARACTERS ? `${safe.slice(0, MAX_SHOWN_CHARACTERS)}…` : safe;
  return JSON.stringify(cut).replace(UNSEEN, "?");
}

/** Makes an error of the registry; `detail` is ours or was quoted by `shown`. */
export function icapError(code: ErrorCode, detail: string | number = ""): IcapError {
  const { status, closes, message } = ERRORS[code];
  return { code, status, closes, message: message.replace("%s", () => String(detail)).trimEnd() };
}
