import { type Fields, foldInto } from "./fields.ts";

/**
 * An encapsulated HTTP head, as far as it can be understood. It was written by somebody else for
 * somebody else: nothing in it is refused, and the bytes themselves are what is passed on.
 */
export interface HttpHead {
  /** The first line, without its line end. */
  readonly startLine: string;
  readonly fields: Fields;
}

export interface HttpRequestLine {
  readonly method: string;
  /** Origin form, absolute form, authority form (CONNECT) or `*`. */
  readonly target: string;
  readonly version: string;
}

export interface HttpStatusLine {
  readonly version: string;
  readonly status: number;
  readonly reason: string;
}

const STATUS_LINE = /^(HTTP\/[0-9.]+) ([0-9]{3})(?: (.*))?$/;
const REQUEST_LINE = /^([^ ]+) ([^ ]+)(?: (HTTP\/[0-9.]+))?$/;

/**
 * Reads a head up to its first blank line; what stands behind that (toolarium puts a response head
 * there) is not looked at. Lines without a colon are skipped, folded lines are joined by a space.
 */
export function parseHttpHead(text: string): HttpHead {
  const lines = text.split("\r\n");
  const fields: string[] = [];
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i] as string;
    if (line === "") break;
    if (line.startsWith(" ") || line.startsWith("\t")) {
      if (fields.length > 0) foldInto(fields, line.trim());
      continue;
    }
    const colon = line.indexOf(":");
    if (colon > 0) fields.push(line.slice(0, colon).trimEnd(), line.slice(colon + 1).trim());
  }
  return { startLine: lines[0] as string, fields };
}

/** The parts of a request line; undefined when the line is none (ownCloud puts one into `res-hdr`). */
export function parseRequestLine(startLine: string): HttpRequestLine | undefined {
  const match = REQUEST_LINE.exec(startLine);
  if (match === null || startLine.startsWith("HTTP/")) return undefined;
  const [, method = "", target = "", version = "HTTP/0.9"] = match;
  return { method, target, version };
}

/** The parts of a status line; the reason phrase may be missing (RFC 7230 §3.1.2). */
export function parseStatusLine(startLine: string): HttpStatusLine | undefined {
  const match = STATUS_LINE.exec(startLine);
  if (match === null) return undefined;
  const [, version = "", status = "", reason = ""] = match;
  return { version, status: Number(status), reason };
}
